-- What would lift a city: of every indicator alone the smallest change of its figure, and of all
-- together the share of the way to the best figures, with which it gains some ranks. Beside it,
-- what the cities with the nearest profile have.
with

lifts as (

    select * from {{ ref('int_index_lift') }}

),

nodes as (

    select * from {{ ref('framework_node') }}

),

contributions as (

    select * from {{ ref('index_contribution') }}

),

denominated as (

    select * from {{ ref('int_index_denominated') }}

),

peers as (

    select * from {{ ref('index_peer') }}

),

cities as (

    select * from {{ ref('city') }}

),

peer_values as (

    select
        peers.framework,
        peers.edition,
        peers.city_id,
        denominated.node,
        max(denominated.value) as peer_max,
        min(denominated.value) as peer_min
    from peers
    inner join denominated
        on
            peers.framework = denominated.framework
            and peers.edition = denominated.edition
            and peers.other_city_id = denominated.city_id
    where denominated.value is not null
    group by peers.framework, peers.edition, peers.city_id, denominated.node

),

joined as (

    select
        lifts.framework,
        lifts.edition,
        lifts.city_id,
        cities.name_en as city_name,
        lifts.rank,
        lifts.n_ranks_up,
        lifts.rank_wanted,
        lifts.node,
        nodes.level,
        nodes.title,
        nodes.direction,
        lifts.value,
        lifts.best_value,
        lifts.value_wanted,
        lifts.value_wanted - lifts.value as value_change,
        contributions.unit,
        contributions.denominator,
        nodes.per,
        contributions.denominator_value,
        case when nodes.direction = 'lower' then peer_values.peer_min else peer_values.peer_max end
            as best_peer_value,
        lifts.way_share,
        lifts.rank_reached,
        lifts.is_checked,
        lifts.lift_reason
    from lifts
    inner join nodes
        on lifts.framework = nodes.framework and lifts.node = nodes.node
    inner join cities
        on lifts.city_id = cities.city_id
    left join contributions
        on
            lifts.framework = contributions.framework
            and lifts.edition = contributions.edition
            and lifts.city_id = contributions.city_id
            and lifts.node = contributions.node
    left join peer_values
        on
            lifts.framework = peer_values.framework
            and lifts.edition = peer_values.edition
            and lifts.city_id = peer_values.city_id
            and lifts.node = peer_values.node

),

final as (

    select
        framework,
        edition,
        city_id,
        city_name,
        rank,
        n_ranks_up,
        rank_wanted,
        node,
        level,
        title,
        value,
        value_wanted,
        value_change,
        unit,
        denominator,
        case when denominator is not null then value_change * denominator_value / per end
            as numerator_change,
        best_value,
        best_peer_value,
        case
            when direction = 'lower' then value_wanted >= best_peer_value
            when direction = 'higher' then value_wanted <= best_peer_value
        end as is_within_peers,
        way_share,
        rank_reached,
        is_checked,
        lift_reason
    from joined

)

select * from final
