-- In an exhaustive register absence is an observed zero: one row for every city and year that
-- the register covers and does not mention, none for a province, metro or cluster. Nothing is said
-- of years after the newest that was read, nor of registers that were not read at all: there
-- absence is not an observation.
with

coverage as (

    select * from {{ ref('stg_register_coverage') }}

),

indicators as (

    select * from {{ ref('stg_indicator') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

observations as (

    select * from {{ ref('stg_observation') }}

),

numbers as (

    {{ whole_numbers() }}

),

readings as (

    select
        source_id,
        indicator,
        max(year) as newest_year
    from observations
    group by source_id, indicator

),

covered as (

    select
        coverage.source_id,
        coverage.indicator,
        cities.city_id,
        coverage.year_from + numbers.n as year,
        indicators.scope,
        indicators.unit
    from coverage
    inner join indicators
        on coverage.indicator = indicators.indicator
    inner join readings
        on
            coverage.source_id = readings.source_id
            and coverage.indicator = readings.indicator
    inner join cities
        on coverage.country_code = cities.country_code and cities.is_city
    inner join numbers
        on coverage.year_from + numbers.n <= least(coverage.year_to, readings.newest_year)

),

mentioned as (

    select distinct
        source_id,
        indicator,
        city_id,
        year
    from observations

),

absent as (

    select covered.*
    from covered
    left join mentioned
        on
            covered.source_id = mentioned.source_id
            and covered.indicator = mentioned.indicator
            and covered.city_id = mentioned.city_id
            and covered.year = mentioned.year
    where mentioned.city_id is null

),

-- The document that shows the absence: the newest that lists the year, else the newest of all.
documents as (

    select
        source_id,
        indicator,
        year,
        document_id,
        vintage_on,
        row_number() over (
            partition by source_id, indicator, year
            order by vintage_on desc nulls last, document_id asc
        ) as year_position,
        row_number() over (
            partition by source_id, indicator
            order by vintage_on desc nulls last, document_id asc
        ) as position
    from (
        select distinct
            source_id,
            indicator,
            year,
            document_id,
            vintage_on
        from observations
    ) as printed

),

final as (

    select
        concat(
            'zero:',
            md5(
                concat(
                    absent.source_id, '|', absent.indicator, '|', absent.city_id, '|', absent.year
                )
            )
        ) as observation_id,
        absent.source_id,
        coalesce(of_year.document_id, newest.document_id) as document_id,
        absent.indicator,
        absent.city_id,
        absent.year,
        absent.scope,
        absent.unit,
        coalesce(of_year.vintage_on, newest.vintage_on) as vintage_on
    from absent
    left join documents as of_year
        on
            absent.source_id = of_year.source_id
            and absent.indicator = of_year.indicator
            and absent.year = of_year.year
            and of_year.year_position = 1
    inner join documents as newest
        on
            absent.source_id = newest.source_id
            and absent.indicator = newest.indicator
            and newest.position = 1

)

select * from final
