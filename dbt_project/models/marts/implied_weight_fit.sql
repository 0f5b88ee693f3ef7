-- How well the weights of implied_weight follow a published ranking, and what speaks against them.
with

fits as (

    select * from {{ ref('int_implied_fit') }}

),

final as (

    select
        framework,
        edition,
        report_id,
        cohort,
        subject,
        publisher,
        fit_target,
        n_common,
        n_indicators,
        matrix_rank,
        r2,
        kendall_tau_b,
        loss_tolerance,
        count(case when is_determined then 1 end) as n_determined,
        fit_reason is null as is_determined,
        fit_reason as reason
    from fits
    group by
        framework,
        edition,
        report_id,
        cohort,
        subject,
        publisher,
        fit_target,
        n_common,
        n_indicators,
        matrix_rank,
        r2,
        kendall_tau_b,
        loss_tolerance,
        fit_reason

)

select * from final
order by framework, edition, report_id, cohort
