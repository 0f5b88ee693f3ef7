-- Units that the filter by size keeps out stand in the ranking, too, with that reason.
with universe as (
    select
        framework.framework,
        framework_edition.edition,
        framework_city.city_id
    from raw.framework as framework
    inner join raw.framework_edition as framework_edition
        on framework.framework = framework_edition.framework
    inner join raw.framework_city as framework_city
        on framework.framework = framework_city.framework
),

present as (
    select
        framework,
        edition,
        city_id,
        count(*) as n_rows
    from marts.index_ranking
    group by framework, edition, city_id
)

select
    coalesce(universe.framework, present.framework) as framework,
    coalesce(universe.edition, present.edition) as edition,
    coalesce(universe.city_id, present.city_id) as city_id,
    case
        when present.city_id is null then 'not in the ranking'
        when universe.city_id is null then 'not in the universe'
        else 'in the ranking ' || present.n_rows || ' times'
    end as problem
from universe
full outer join present
    on
        universe.framework = present.framework
        and universe.edition = present.edition
        and universe.city_id = present.city_id
where present.city_id is null or universe.city_id is null or present.n_rows > 1
order by framework, edition, city_id
