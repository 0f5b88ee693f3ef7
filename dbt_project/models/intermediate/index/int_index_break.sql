-- Where a leaf of a city does not continue the last edition that has a figure of it: a break that
-- the card of the source declares lies between the years of the two figures, or they come from two
-- sources. A derived indicator breaks where one of its parts does. An edition between them that has
-- none may be imputed from the figures on either side, and hides no break.
with

nodes as (

    select * from {{ ref('stg_framework_node') }}

),

selected as (

    select * from {{ ref('int_index_selected') }}

),

collected as (

    select * from {{ ref('int_indicator_collected') }}

),

parts as (

    select * from {{ ref('int_indicator_part') }}

),

breaks as (

    select * from {{ ref('stg_series_break') }}

),

leaves as (

    select
        framework,
        node,
        indicator
    from nodes
    where indicator is not null

    union distinct

    select
        framework,
        node,
        denominator as indicator
    from nodes
    where denominator is not null

),

figures as (

    select
        indicator,
        city_id,
        year,
        'itself' as role,
        indicator as part_indicator,
        year as part_year,
        source_id
    from collected

    union all

    select
        indicator,
        city_id,
        year,
        role,
        part_indicator,
        part_year,
        source_id
    from parts

),

known as (

    select
        framework,
        edition,
        lag(edition) over (
            partition by framework, city_id, node, indicator
            order by edition asc
        ) as edition_before,
        city_id,
        node,
        indicator,
        value_year
    from selected
    where value is not null

),

used as (

    select
        known.framework,
        known.edition,
        known.edition_before,
        known.city_id,
        leaves.node,
        leaves.indicator,
        figures.role,
        figures.part_indicator,
        figures.part_year,
        figures.source_id
    from known
    inner join leaves
        on
            known.framework = leaves.framework
            and known.node = leaves.node
            and known.indicator = leaves.indicator
    inner join figures
        on
            known.indicator = figures.indicator
            and known.city_id = figures.city_id
            and known.value_year = figures.year

),

compared as (

    select
        now_.framework,
        now_.edition,
        now_.edition_before,
        now_.city_id,
        now_.node,
        now_.part_indicator,
        now_.part_year,
        before_.part_year as part_year_before,
        now_.source_id,
        before_.source_id as source_id_before
    from used as now_
    inner join used as before_
        on
            now_.framework = before_.framework
            and now_.edition_before = before_.edition
            and now_.city_id = before_.city_id
            and now_.node = before_.node
            and now_.indicator = before_.indicator
            and now_.role = before_.role
            and now_.part_indicator = before_.part_indicator

),

declared as (

    select
        compared.framework,
        compared.edition,
        compared.edition_before,
        compared.city_id,
        compared.node,
        compared.part_indicator as indicator,
        breaks.year,
        breaks.reason
    from compared
    inner join breaks
        on
            compared.source_id = breaks.source_id
            and compared.source_id_before = breaks.source_id
            and compared.part_indicator = breaks.indicator
            and compared.part_year_before < breaks.year
            and compared.part_year >= breaks.year

),

other_source as (

    select
        framework,
        edition,
        edition_before,
        city_id,
        node,
        part_indicator as indicator,
        part_year as year,
        concat('from ', source_id, ', before from ', source_id_before) as reason
    from compared
    where source_id <> source_id_before

),

final as (

    select * from declared

    union distinct

    select * from other_source

)

select * from final
