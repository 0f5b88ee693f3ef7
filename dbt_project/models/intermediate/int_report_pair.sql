-- Pairs of cities that a published ranking puts into an order, for the indices that are compared
-- with rankings of its subject. Ranks of different cohorts are counted among different cities, so
-- that only cities of one cohort are compared. Of two cities whose ranges overlap, the order is not
-- known; two that share a certain rank are tied.
with

places as (

    select * from {{ ref('int_report_place') }}

),

paired as (

    select
        one.framework,
        one.report_id,
        one.city_id,
        other.city_id as other_city_id,
        case
            when one.rank_to < other.rank_from then 1
            when one.rank_from > other.rank_to then -1
            when one.is_certain and other.is_certain then 0
        end as cohort_order
    from places as one
    inner join places as other
        on
            one.framework = other.framework
            and one.report_id = other.report_id
            and one.cohort = other.cohort
            and one.city_id < other.city_id

),

final as (

    select
        framework,
        report_id,
        city_id,
        other_city_id,
        cast(sign(sum(cohort_order)) as integer) as pair_order
    from paired
    where cohort_order is not null
    group by framework, report_id, city_id, other_city_id

)

select * from final
