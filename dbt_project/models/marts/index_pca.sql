-- Principal components of the children of a node, with what each and those before it explain.
with

components as (

    select * from {{ ref('int_index_component') }}

),

shares as (

    select distinct
        framework,
        edition,
        parent,
        component,
        share
    from components

),

cumulated as (

    select
        framework,
        edition,
        parent,
        component,
        round(
            sum(share) over (
                partition by framework, edition, parent
                order by component asc
                rows between unbounded preceding and current row
            ),
            12
        ) as share_cumulative
    from shares

),

final as (

    select
        components.framework,
        components.edition,
        components.parent,
        components.node,
        components.component,
        components.n,
        components.eigenvalue,
        components.share,
        cumulated.share_cumulative,
        components.eigenvector,
        components.loading
    from components
    inner join cumulated
        on
            components.framework = cumulated.framework
            and components.edition = cumulated.edition
            and components.parent = cumulated.parent
            and components.component = cumulated.component

)

select * from final
order by framework, edition, parent, component, node
