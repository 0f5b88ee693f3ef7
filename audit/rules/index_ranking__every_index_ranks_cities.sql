with ranked as (
    select
        framework,
        edition,
        count(*) as n_units,
        count(rank) as n_ranked
    from marts.index_ranking
    group by framework, edition
),

valued as (
    select
        framework,
        edition,
        count(case when status in ('observed', 'zero') then 1 end) as n_values
    from marts.index_contribution
    group by framework, edition
)

select
    framework.framework,
    framework_edition.edition,
    case
        when coalesce(ranked.n_units, 0) = 0
            then 'no unit is in its universe'
        when coalesce(valued.n_values, 0) = 0
            then 'no figure of any indicator is of its year, or as old as max_age_years allows'
        else 'no unit can be ranked: marts.index_ranking.reason says of each what it lacks'
    end as reason
from marts.framework as framework
inner join raw.framework_edition as framework_edition
    on framework.framework = framework_edition.framework
left join ranked
    on
        framework.framework = ranked.framework
        and framework_edition.edition = ranked.edition
left join valued
    on
        framework.framework = valued.framework
        and framework_edition.edition = valued.edition
where coalesce(ranked.n_ranked, 0) = 0
order by framework.framework, framework_edition.edition
