-- Claims that published rankings can test, report by report. The report that the claim comes from
-- and its family (what it repeats, what repeats it) confirm nothing, nor does any that is no
-- witness.
with

claims as (

    select * from {{ ref('stg_claim') }}

),

reports as (

    select * from {{ ref('int_report_witness') }}

),

published as (

    select * from {{ ref('stg_published_rank') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

claimed as (

    select
        claims.*,
        cities.name_en as city_name,
        cities.country_code,
        excluded.family_id as excluded_family_id
    from claims
    inner join cities
        on claims.city_id = cities.city_id
    left join reports as excluded
        on claims.excluded_report_id = excluded.report_id
    where claims.measure_kind = 'ranking'

),

witnesses as (

    select
        claimed.claim_id,
        claimed.city_id,
        claimed.city_name,
        claimed.document_id,
        claimed.rank_from,
        claimed.rank_to,
        claimed.country_code,
        reports.report_id,
        reports.publisher,
        reports.title
    from claimed
    inner join reports
        on claimed.measure = reports.subject
    where
        reports.is_witness
        and reports.family_id <> coalesce(claimed.excluded_family_id, '')
        and (
            claimed.year_from is null
            or claimed.year_from <= extract(year from reports.published_on)
        )
        and (
            claimed.year_to is null
            or claimed.year_to >= extract(year from reports.published_on)
        )

),

-- Claims speak of the country: the eighth of the world may be its first. So a report tests them
-- that ranks its cities alone, or has a cohort that does.
of_one_country as (

    select
        published.report_id,
        published.document_id,
        published.city_id,
        coalesce(published.rank, published.rank_from) as rank_from,
        coalesce(published.rank, published.rank_to) as rank_to,
        case
            when published.cohort = 'all' then reports.universe_country_code
            else published.cohort_country_code
        end as country_code
    from published
    inner join reports
        on published.report_id = reports.report_id

),

placed as (

    select
        report_id,
        document_id,
        city_id,
        country_code,
        min(rank_from) as rank_from,
        max(rank_to) as rank_to
    from of_one_country
    where country_code is not null
    group by report_id, document_id, city_id, country_code

),

-- A city that a report does not name decides nothing: it may be outside the report's universe.
city_tests as (

    select
        witnesses.claim_id,
        witnesses.report_id,
        witnesses.publisher,
        witnesses.title,
        witnesses.city_name,
        min(placed.rank_from) as placed_from,
        max(placed.rank_to) as placed_to,
        case
            when
                min(placed.rank_from) >= max(witnesses.rank_from)
                and max(placed.rank_to) <= max(witnesses.rank_to)
                then 'supports'
            when
                min(placed.rank_from) > max(witnesses.rank_to)
                or max(placed.rank_to) < max(witnesses.rank_from)
                then 'contradicts'
            else 'undecided'
        end as outcome
    from witnesses
    left join placed
        on
            witnesses.report_id = placed.report_id
            and witnesses.city_id = placed.city_id
            and witnesses.country_code = placed.country_code
            and witnesses.document_id <> placed.document_id
    group by
        witnesses.claim_id,
        witnesses.report_id,
        witnesses.publisher,
        witnesses.title,
        witnesses.city_name

),

with_places as (

    select
        *,
        case
            when placed_from is null then concat(city_name, ' not ranked')
            when placed_from = placed_to then concat(city_name, ' ', placed_from)
            else concat(city_name, ' ', placed_from, ' to ', placed_to)
        end as place
    from city_tests

),

counted as (

    select
        claim_id,
        report_id,
        publisher,
        title,
        count(*) as n_claimed,
        count(placed_from) as n_placed,
        count(case when outcome = 'supports' then 1 end) as n_supporting,
        count(case when outcome = 'contradicts' then 1 end) as n_contradicting,
        {{ text_list('place', 'placed_from, city_name', ', ') }} as places
    from with_places
    group by claim_id, report_id, publisher, title

),

final as (

    select
        claim_id,
        report_id,
        n_claimed,
        n_placed,
        case
            when n_contradicting > 0 then 'contradicts'
            when n_supporting = n_claimed then 'supports'
            else 'undecided'
        end as outcome,
        concat(publisher, ', ', title, ': ', places) as evidence
    from counted
    where n_placed > 0

)

select * from final
