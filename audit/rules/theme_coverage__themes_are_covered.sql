with newest as (
    select
        ranking.framework,
        max(ranking.edition) as edition
    from marts.index_ranking as ranking
    inner join marts.framework as framework on ranking.framework = framework.framework
    where ranking.rank is not null and framework.is_flagship
    group by ranking.framework
),

universe as (
    select
        newest.framework,
        newest.edition,
        framework_edition.max_age_years,
        ranking.city_id
    from newest
    inner join raw.framework_edition as framework_edition
        on
            newest.framework = framework_edition.framework
            and newest.edition = framework_edition.edition
    inner join marts.index_ranking as ranking
        on newest.framework = ranking.framework and newest.edition = ranking.edition
),

known as (
    select distinct
        coverage.theme,
        universe.city_id
    from universe
    inner join marts.theme_coverage as coverage
        on
            universe.city_id = coverage.city_id
            and universe.edition >= coverage.year
            and universe.edition - universe.max_age_years <= coverage.year
    where coverage.n_observed + coverage.n_zero > 0
),

compared as (
    select
        theme.theme,
        theme.coverage_min,
        count(universe.city_id) as n_cities,
        count(known.city_id) as n_known,
        1.0 * count(known.city_id) / nullif(count(universe.city_id), 0) as share_of_cities
    from marts.theme as theme
    cross join universe
    left join known on theme.theme = known.theme and universe.city_id = known.city_id
    where theme.coverage_min is not null
    group by theme.theme, theme.coverage_min
)

select *
from compared
where share_of_cities < coverage_min
order by theme
