with

claims as (

    select * from {{ ref('stg_claim') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

indicator_tests as (

    select * from {{ ref('int_claim_indicator_test') }}

),

index_tests as (

    select * from {{ ref('int_claim_index_test') }}

),

ranking_tests as (

    select * from {{ ref('int_claim_ranking_test') }}

),

asserted as (

    select
        claims.claim_id,
        {{ text_list('cities.name_en', 'cities.name_en') }} as cities,
        {{ text_list('claims.city_id', 'claims.city_id') }} as city_ids,
        min(claims.source_id) as source_id,
        min(claims.document_id) as document_id,
        min(claims.claim_kind) as claim_kind,
        min(claims.subject) as subject,
        min(claims.attributed_to) as attributed_to,
        min(claims.measure_kind) as measure_kind,
        min(claims.measure) as measure,
        max(case when claims.is_proxy then 1 else 0 end) = 1 as is_proxy,
        min(claims.excluded_report_id) as excluded_report_id,
        min(claims.rank_from) as rank_from,
        max(claims.rank_to) as rank_to,
        min(claims.operator) as operator,
        min(claims.value) as value,
        min(claims.unit) as unit,
        min(claims.printed_value) as printed_value,
        min(claims.year_from) as year_from,
        max(claims.year_to) as year_to,
        min(claims.untestable_reason) as untestable_reason,
        min(claims.locator) as locator,
        min(claims.quote) as quote,
        -- the least certain of its rows
        min(claims.read_by) as read_by,
        min(claims.read_confidence) as read_confidence,
        min(claims.parser) as parser
    from claims
    inner join cities
        on claims.city_id = cities.city_id
    group by claims.claim_id

),

city_tests as (

    select
        claim_id,
        outcome,
        undecided_reason,
        evidence,
        n_values
    from indicator_tests

    union all

    select
        claim_id,
        outcome,
        undecided_reason,
        evidence,
        n_ranked as n_values
    from index_tests

),

-- Every city must hold; one that can't be decided leaves the whole claim open.
city_verdicts as (

    select
        claim_id,
        case
            when count(case when outcome = 'contradicts' then 1 end) > 0 then 'contradicted'
            when count(case when outcome = 'undecided' then 1 end) > 0 then 'not_testable'
            else 'supported'
        end as verdict,
        {{ text_list("case when outcome = 'contradicts' then evidence end", 'evidence') }}
            as against,
        min(undecided_reason) as undecided_reason,
        'holds for every city of the claim' as supported_reason,
        {{ text_list('evidence', 'evidence') }} as evidence,
        max(n_values) as n_tested
    from city_tests
    group by claim_id

),

-- Every report that names the cities must hold; reports that can't be decided are left aside.
ranking_verdicts as (

    select
        claim_id,
        case
            when count(case when outcome = 'contradicts' then 1 end) > 0 then 'contradicted'
            when count(case when outcome = 'supports' then 1 end) > 0 then 'supported'
            else 'not_testable'
        end as verdict,
        {{ text_list("case when outcome = 'contradicts' then evidence end", 'evidence') }}
            as against,
        'no other ranking places all the cities' as undecided_reason,
        case count(case when outcome = 'supports' then 1 end)
            when 1 then 'holds in the one other ranking that places the cities'
            else
                concat(
                    'holds in all ',
                    count(case when outcome = 'supports' then 1 end),
                    ' other rankings that place the cities'
                )
        end as supported_reason,
        {{ text_list('evidence', 'evidence') }} as evidence,
        count(case when outcome <> 'undecided' then 1 end) as n_tested
    from ranking_tests
    group by claim_id

),

verdicts as (

    select * from city_verdicts
    union all
    select * from ranking_verdicts

),

final as (

    select
        asserted.*,
        coalesce(verdicts.verdict, 'not_testable') as verdict,
        concat(
            case coalesce(verdicts.verdict, 'not_testable')
                when 'supported' then verdicts.supported_reason
                when 'contradicted' then concat('does not hold: ', verdicts.against)
                else
                    coalesce(
                        verdicts.undecided_reason,
                        asserted.untestable_reason,
                        'no other ranking of this subject in these years'
                    )
            end,
            case
                when asserted.is_proxy and verdicts.verdict <> 'not_testable'
                    then ' (the measure stands in for what the text means)'
                else ''
            end
        ) as verdict_reason,
        verdicts.evidence,
        coalesce(verdicts.n_tested, 0) as n_tested
    from asserted
    left join verdicts
        on asserted.claim_id = verdicts.claim_id

)

select * from final
