with expected as (
    select distinct
        framework,
        edition,
        node
    from marts.index_score
)

select
    expected.framework,
    expected.edition,
    expected.node,
    fidelity.n_scores,
    fidelity.n_unmatched,
    fidelity.n_rank_deviations,
    fidelity.score_deviation
from expected
left join intermediate.int_index_fidelity as fidelity
    on
        expected.framework = fidelity.framework
        and expected.edition = fidelity.edition
        and expected.node = fidelity.node
where
    fidelity.node is null
    or fidelity.n_unmatched > 0
    or fidelity.n_rank_deviations > 0
    or coalesce(fidelity.score_deviation, 0) > 1e-9
order by expected.framework, expected.edition, expected.node
