-- Pairs of cities that a published ranking puts into an order, for the indices that are compared
-- with rankings of its subject. Ranks of different cohorts are counted among different cities, so
-- that only cities of one cohort are compared.
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

-- Several documents may print the same ranking; the better of two places counts.
placed as (

    select
        subjects.framework,
        published.report_id,
        published.cohort,
        published.city_id,
        min(published.rank) as rank
    from subjects
    inner join frameworks
        on subjects.framework = frameworks.framework
    inner join reports
        on subjects.subject = reports.subject
    inner join published
        on reports.report_id = published.report_id
    inner join cities
        on published.city_id = cities.city_id
    where
        published.rank is not null
        and published.order_certain
        and cities.is_city
        and (
            frameworks.universe_country_code is null
            or frameworks.universe_country_code = cities.country_code
        )
    group by subjects.framework, published.report_id, published.cohort, published.city_id

),

compared as (

    select
        one.framework,
        one.report_id,
        one.city_id,
        other.city_id as other_city_id,
        sum(sign(other.rank - one.rank)) as balance
    from placed as one
    inner join placed as other
        on
            one.framework = other.framework
            and one.report_id = other.report_id
            and one.cohort = other.cohort
            and one.city_id < other.city_id
    group by one.framework, one.report_id, one.city_id, other.city_id

),

final as (

    select
        framework,
        report_id,
        city_id,
        other_city_id,
        cast(sign(balance) as integer) as pair_order
    from compared

)

select * from final
