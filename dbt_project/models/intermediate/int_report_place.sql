-- Places that a published ranking gives to cities, for the indices that are compared with rankings
-- of its subject: the best and the worst that is known. A city that is not listed has a place only
-- where it must stand below: the list fills its first places without a hole, and ranks all cities
-- of a country. Elsewhere a city that is not listed may be no member, and has none.
with

subjects as (

    select * from {{ ref('stg_framework_subject') }}

),

frameworks as (

    select * from {{ ref('stg_framework') }}

),

reports as (

    select * from {{ ref('stg_report') }}

),

published as (

    select * from {{ ref('stg_published_rank') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

-- Several documents may print the same ranking; the better of two places counts, and a rank more
-- than a range.
places as (

    select
        published.report_id,
        published.cohort,
        published.city_id,
        coalesce(
            min(case when published.order_certain then published.rank end),
            min(published.rank_from)
        ) as rank_from,
        coalesce(
            min(case when published.order_certain then published.rank end),
            max(published.rank_to)
        ) as rank_to,
        count(case when published.order_certain then published.rank end) > 0 as is_certain
    from published
    group by published.report_id, published.cohort, published.city_id

),

known as (

    select * from places
    where rank_from is not null and rank_to is not null

),

filled as (

    select
        report_id,
        cohort,
        rank_to,
        count(*) over (
            partition by report_id, cohort
            order by rank_to
        ) as n_places
    from known

),

-- As many places as n are taken by the first n, whatever their order.
complete as (

    select
        report_id,
        max(n_places) as n_complete
    from filled
    where cohort = 'all' and n_places >= rank_to
    group by report_id

),

country_sizes as (

    select
        country_code,
        count(*) as n_cities
    from cities
    where is_city
    group by country_code

),

whole_countries as (

    select
        reports.report_id,
        reports.universe_country_code,
        complete.n_complete
    from reports
    inner join complete
        on reports.report_id = complete.report_id
    inner join country_sizes
        on reports.universe_country_code = country_sizes.country_code
    where reports.universe_size >= country_sizes.n_cities

),

listed as (

    select
        subjects.framework,
        known.report_id,
        known.cohort,
        known.city_id,
        known.rank_from,
        known.rank_to,
        known.is_certain
    from subjects
    inner join frameworks
        on subjects.framework = frameworks.framework
    inner join reports
        on subjects.subject = reports.subject
    inner join known
        on reports.report_id = known.report_id
    inner join cities
        on known.city_id = cities.city_id
    where
        cities.is_city
        and (
            frameworks.universe_country_code is null
            or frameworks.universe_country_code = cities.country_code
        )

),

-- Only cities that some list names are of interest.
named as (

    select distinct
        framework,
        city_id
    from listed

),

below as (

    select
        named.framework,
        whole_countries.report_id,
        'all' as cohort,
        named.city_id,
        whole_countries.n_complete + 1 as rank_from
    from named
    inner join cities
        on named.city_id = cities.city_id
    inner join whole_countries
        on cities.country_code = whole_countries.universe_country_code
    inner join reports
        on whole_countries.report_id = reports.report_id
    inner join subjects
        on
            named.framework = subjects.framework
            and reports.subject = subjects.subject
    left join known
        on
            whole_countries.report_id = known.report_id
            and known.cohort = 'all'
            and named.city_id = known.city_id
    where known.city_id is null

),

final as (

    select
        framework,
        report_id,
        cohort,
        city_id,
        true as is_listed,
        is_certain,
        cast(rank_from as integer) as rank_from,
        cast(rank_to as integer) as rank_to
    from listed

    union all

    select
        framework,
        report_id,
        cohort,
        city_id,
        false as is_listed,
        false as is_certain,
        cast(rank_from as integer) as rank_from,
        cast(null as integer) as rank_to
    from below

)

select * from final
