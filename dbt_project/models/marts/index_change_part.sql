-- Why the score and rank of a city changed from the edition before: parts that sum to the change,
-- and those of data by indicator, with the figures behind them.
with

changes as (

    select * from {{ ref('int_index_change') }}

),

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

cities as (

    select * from {{ ref('stg_city') }}

),

contributions as (

    select * from {{ ref('index_contribution') }}

),

final as (

    select
        changes.framework,
        changes.edition,
        changes.edition_before,
        changes.city_id,
        cities.name_en as city_name,
        changes.change_factor,
        changes.node,
        nodes.level,
        nodes.title,
        changes.score_part,
        changes.rank_part,
        changes.own_score_part,
        changes.own_rank_part,
        before_.value as value_before,
        now_.value,
        before_.value_year as value_year_before,
        now_.value_year,
        coalesce(now_.unit, before_.unit) as unit,
        before_.source_id as source_id_before,
        now_.source_id
    from changes
    inner join cities
        on changes.city_id = cities.city_id
    inner join nodes
        on changes.framework = nodes.framework and changes.node = nodes.node
    left join contributions as now_
        on
            changes.framework = now_.framework
            and changes.edition = now_.edition
            and changes.city_id = now_.city_id
            and changes.node = now_.node
    left join contributions as before_
        on
            changes.framework = before_.framework
            and changes.edition_before = before_.edition
            and changes.city_id = before_.city_id
            and changes.node = before_.node

)

select * from final
order by framework asc, edition asc, city_id asc, level desc, abs(score_part) desc, node asc
