-- How near every ranking comes to what the others say by majority, pair of cities by pair. A
-- published one is compared with the series other than its own and than that of the report it
-- leads back to; an index with all of them. Indices with the same subjects are compared with one
-- another, too: over the pairs that all their editions put into an order.
with

report_pairs as (

    select * from {{ ref('int_report_pair') }}

),

votes as (

    select * from {{ ref('int_consensus_vote') }}

),

subjects as (

    select * from {{ ref('stg_framework_subject') }}

),

compared as (

    select * from {{ ref('int_consensus_list') }}

),

ranking as (

    select * from {{ ref('index_ranking') }}

),

-- Frameworks with equal lists can be compared with one another.
subject_lists as (

    select
        framework,
        {{ text_list('subject', 'subject') }} as subject_list
    from subjects
    group by framework

),

-- Ordered pairs that at least one series votes on.
voted as (

    select distinct
        framework,
        city_id,
        other_city_id
    from votes

),

ordered_pairs as (

    select
        compared.framework,
        compared.compared_id,
        voted.city_id,
        voted.other_city_id,
        cast(sign(other.rank - one.rank) as integer) as pair_order
    from compared
    inner join voted
        on compared.framework = voted.framework
    inner join ranking as one
        on
            compared.framework = one.framework
            and compared.edition = one.edition
            and voted.city_id = one.city_id
    inner join ranking as other
        on
            compared.framework = other.framework
            and compared.edition = other.edition
            and voted.other_city_id = other.city_id
    where compared.kind = 'index' and one.rank is not null and other.rank is not null

    union all

    select
        framework,
        report_id as compared_id,
        city_id,
        other_city_id,
        pair_order
    from report_pairs

),

others as (

    select
        ordered_pairs.framework,
        ordered_pairs.compared_id,
        ordered_pairs.city_id,
        ordered_pairs.other_city_id,
        ordered_pairs.pair_order,
        votes.series_id,
        votes.vote,
        sign(
            sum(votes.vote) over (
                partition by
                    ordered_pairs.framework,
                    ordered_pairs.compared_id,
                    ordered_pairs.city_id,
                    ordered_pairs.other_city_id
            )
        ) as majority
    from ordered_pairs
    inner join compared
        on
            ordered_pairs.framework = compared.framework
            and ordered_pairs.compared_id = compared.compared_id
    inner join votes
        on
            ordered_pairs.framework = votes.framework
            and ordered_pairs.city_id = votes.city_id
            and ordered_pairs.other_city_id = votes.other_city_id
            and votes.series_id <> coalesce(compared.own_series_id, '')
            and votes.series_id <> coalesce(compared.origin_series_id, '')
    where ordered_pairs.pair_order <> 0

),

decided as (

    select * from others
    where majority <> 0

),

voters as (

    select
        framework,
        compared_id,
        count(distinct series_id) as n_voters
    from decided
    group by framework, compared_id

),

pairs as (

    select distinct
        framework,
        compared_id,
        city_id,
        other_city_id,
        pair_order * majority as concordance
    from decided

),

pair_counts as (

    select
        framework,
        compared_id,
        count(*) as n_pairs,
        sum(concordance) as balance
    from pairs
    group by framework, compared_id

),

indices as (

    select
        compared.framework,
        compared.compared_id,
        subject_lists.subject_list
    from compared
    inner join subject_lists
        on compared.framework = subject_lists.framework
    where compared.kind = 'index'

),

index_counts as (

    select
        subject_list,
        count(*) as n_indices
    from indices
    group by subject_list

),

index_pairs as (

    select
        indices.subject_list,
        pairs.framework,
        pairs.compared_id,
        pairs.concordance,
        count(*) over (
            partition by indices.subject_list, pairs.city_id, pairs.other_city_id
        ) as n_ordering
    from pairs
    inner join indices
        on
            pairs.framework = indices.framework
            and pairs.compared_id = indices.compared_id

),

common_counts as (

    select
        index_pairs.framework,
        index_pairs.compared_id,
        count(*) as n_pairs,
        sum(index_pairs.concordance) as balance
    from index_pairs
    inner join index_counts
        on index_pairs.subject_list = index_counts.subject_list
    where index_pairs.n_ordering = index_counts.n_indices
    group by index_pairs.framework, index_pairs.compared_id

),

city_counts as (

    select
        framework,
        compared_id,
        count(distinct city_id) as n_cities
    from (
        select
            framework,
            compared_id,
            city_id
        from pairs

        union all

        select
            framework,
            compared_id,
            other_city_id as city_id
        from pairs
    ) as cities_of_pairs
    group by framework, compared_id

),

final as (

    select
        compared.framework,
        compared.kind,
        compared.compared_id,
        compared.edition,
        compared.report_id,
        compared.publisher,
        compared.title,
        compared.data_year,
        coalesce(city_counts.n_cities, 0) as n_cities,
        coalesce(pair_counts.n_pairs, 0) as n_pairs,
        coalesce(voters.n_voters, 0) as n_voters,
        case
            when pair_counts.n_pairs >= 10
                then round(1.0 * pair_counts.balance / pair_counts.n_pairs, 6)
        end as agreement,
        case when compared.kind = 'index' then coalesce(common_counts.n_pairs, 0) end
            as n_pairs_common,
        case
            when common_counts.n_pairs >= 10
                then round(1.0 * common_counts.balance / common_counts.n_pairs, 6)
        end as agreement_common,
        case
            when pair_counts.n_pairs is null then 'no pair that it and the others put into an order'
            when pair_counts.n_pairs < 10 then 'fewer than 10 pairs'
        end as reason
    from compared
    left join pair_counts
        on
            compared.framework = pair_counts.framework
            and compared.compared_id = pair_counts.compared_id
    left join common_counts
        on
            compared.framework = common_counts.framework
            and compared.compared_id = common_counts.compared_id
    left join city_counts
        on
            compared.framework = city_counts.framework
            and compared.compared_id = city_counts.compared_id
    left join voters
        on
            compared.framework = voters.framework
            and compared.compared_id = voters.compared_id

)

select * from final
order by framework asc, kind asc, agreement desc nulls last, compared_id asc
