-- Votes of the published rankings: one a series and pair, by its newest edition that may confirm
-- anything. What is derived from another ranking, or of low trust, has no vote; nor has a source
-- of the last trust tier, doubtful. All others count the same.
with

pairs as (

    select * from {{ ref('int_report_pair') }}

),

witnesses as (

    select * from {{ ref('int_report_witness') }}

),

sources as (

    select * from {{ ref('stg_source') }}

),

voting as (

    select
        pairs.framework,
        pairs.report_id,
        witnesses.series_id,
        dense_rank() over (
            partition by pairs.framework, witnesses.series_id
            order by witnesses.published_on desc
        ) as edition_position
    from (
        select distinct
            framework,
            report_id
        from pairs
    ) as pairs
    inner join witnesses
        on pairs.report_id = witnesses.report_id
    inner join sources
        on witnesses.series_id = sources.source_id
    where witnesses.is_witness and sources.trust_tier < 4

),

-- Rankings that a series published on one day vote together.
final as (

    select
        voting.framework,
        voting.series_id,
        pairs.city_id,
        pairs.other_city_id,
        cast(sign(sum(pairs.pair_order)) as integer) as vote
    from voting
    inner join pairs
        on voting.framework = pairs.framework and voting.report_id = pairs.report_id
    where voting.edition_position = 1
    group by voting.framework, voting.series_id, pairs.city_id, pairs.other_city_id

)

select * from final
