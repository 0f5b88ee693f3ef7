-- Claims that an indicator can test, city by city: ranks among the cities of the claim's countries,
-- quantities against the newest value of the years in question. A value printed in the document
-- that makes the claim is no evidence for it.
with

claims as (

    select * from {{ ref('stg_claim') }}

),

indicators as (

    select * from {{ ref('stg_indicator') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

published as (

    select * from {{ ref('stg_published_rank') }}

),

indicator_values as (

    select * from {{ ref('indicator_value') }}

),

claimed as (

    select
        claims.*,
        cities.name_en as city_name,
        cities.country_code,
        indicators.unit as indicator_unit
    from claims
    inner join cities
        on claims.city_id = cities.city_id
    left join indicators
        on claims.measure = indicators.indicator
    where claims.measure_kind = 'indicator'

),

asked as (

    select
        claim_id,
        document_id,
        measure,
        country_code,
        max(rank_to) as rank_to,
        min(year_from) as year_from,
        max(year_to) as year_to
    from claimed
    group by claim_id, document_id, measure, country_code

),

known as (

    select
        asked.claim_id,
        asked.rank_to,
        indicator_values.city_id,
        indicator_values.year,
        indicator_values.value
    from asked
    inner join indicator_values
        on
            asked.measure = indicator_values.indicator
            and asked.document_id <> indicator_values.document_id
    inner join cities
        on
            indicator_values.city_id = cities.city_id
            and asked.country_code = cities.country_code
            and cities.is_city
    where
        indicator_values.status <> 'missing'
        and (asked.year_from is null or asked.year_from <= indicator_values.year)
        and (asked.year_to is null or asked.year_to >= indicator_values.year)

),

-- The newest year with more cities than the claim has places: of three, all are in the top three.
years as (

    select
        claim_id,
        year,
        count(*) as n_values,
        row_number() over (
            partition by claim_id
            order by least(count(*), max(rank_to) + 1) desc, year desc
        ) as choice
    from known
    group by claim_id, year

),

ranked as (

    select
        known.claim_id,
        known.city_id,
        known.year,
        years.n_values,
        known.value,
        cast(
            rank() over (partition by known.claim_id order by known.value desc) as integer
        ) as rank
    from known
    inner join years
        on
            known.claim_id = years.claim_id
            and known.year = years.year
            and years.choice = 1

),

newest as (

    select
        claim_id,
        city_id,
        year,
        value,
        row_number() over (partition by claim_id, city_id order by year desc) as choice
    from known

),

-- Cities that some published ranking puts among its first ten and whose value is not known:
-- any of them could stand before the cities of the claim.
leaders as (

    select distinct city_id
    from published
    where cohort = 'all' and coalesce(rank, rank_to) <= 10

),

unknown_leaders as (

    select
        asked.claim_id,
        count(*) as n_unknown,
        {{ text_list('cities.name_en', 'cities.name_en', ', ') }} as names
    from asked
    inner join cities
        on asked.country_code = cities.country_code and cities.is_city
    inner join leaders
        on cities.city_id = leaders.city_id
    left join ranked
        on asked.claim_id = ranked.claim_id and cities.city_id = ranked.city_id
    where ranked.city_id is null
    group by asked.claim_id

),

rank_tests as (

    select
        claimed.claim_id,
        claimed.city_id,
        ranked.year,
        ranked.value,
        ranked.rank,
        coalesce(years.n_values, 0) as n_values,
        case
            when claimed.indicator_unit is null
                then concat('there is no indicator ', claimed.measure)
            when years.n_values is null
                then 'no values in the years of the claim'
            when years.n_values <= claimed.rank_to
                then concat('only ', years.n_values, ' cities have a value in ', years.year)
            when ranked.rank is null
                then concat('no value for ', claimed.city_name, ' in ', years.year)
            when
                ranked.rank <= claimed.rank_to
                and (
                    ranked.rank + coalesce(unknown_leaders.n_unknown, 0) > claimed.rank_to
                    or ranked.rank < claimed.rank_from
                )
                and ranked.rank + coalesce(unknown_leaders.n_unknown, 0) >= claimed.rank_from
                then concat('no value in ', years.year, ' for ', unknown_leaders.names)
        end as undecided_reason,
        ranked.rank >= claimed.rank_from and ranked.rank <= claimed.rank_to as holds,
        concat(
            claimed.city_name, ': rank ', ranked.rank, ' of ', years.n_values, ' in ', years.year
        ) as evidence
    from claimed
    left join years
        on claimed.claim_id = years.claim_id and years.choice = 1
    left join ranked
        on claimed.claim_id = ranked.claim_id and claimed.city_id = ranked.city_id
    left join unknown_leaders
        on claimed.claim_id = unknown_leaders.claim_id
    where claimed.rank_to is not null

),

quantity_tests as (

    select
        claimed.claim_id,
        claimed.city_id,
        newest.year,
        newest.value,
        cast(null as integer) as rank,
        case when newest.value is null then 0 else 1 end as n_values,
        case
            when claimed.indicator_unit is null
                then concat('there is no indicator ', claimed.measure)
            when claimed.value is null or claimed.operator is null
                then 'neither a rank nor a quantity is claimed'
            when claimed.unit <> claimed.indicator_unit
                then concat('claimed in ', claimed.unit, ', known in ', claimed.indicator_unit)
            when newest.value is null
                then concat('no value for ', claimed.city_name, ' in the years of the claim')
        end as undecided_reason,
        case claimed.operator
            when 'ge' then newest.value >= claimed.value
            when 'le' then newest.value <= claimed.value
            when 'eq' then abs(newest.value - claimed.value) <= 0.005 * abs(claimed.value)
        end as holds,
        concat(
            claimed.city_name,
            ': ',
            {{ number_text('newest.value') }},
            ' ',
            claimed.indicator_unit,
            ' in ',
            newest.year
        ) as evidence
    from claimed
    left join newest
        on
            claimed.claim_id = newest.claim_id
            and claimed.city_id = newest.city_id
            and newest.choice = 1
    where claimed.rank_to is null

),

united as (

    select * from rank_tests
    union all
    select * from quantity_tests

),

final as (

    select
        claim_id,
        city_id,
        year,
        value,
        rank,
        n_values,
        case
            when undecided_reason is not null then 'undecided'
            when holds then 'supports'
            else 'contradicts'
        end as outcome,
        undecided_reason,
        case when value is not null then evidence end as evidence
    from united

)

select * from final
