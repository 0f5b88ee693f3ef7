select
    framework,
    edition,
    report_id,
    n_common,
    kendall_tau_b,
    spearman,
    verdict
from marts.ranking_agreement
where
    verdict in ('suspiciously near', 'no agreement')
    or verdict is null
    or (n_common < 6 and verdict <> 'too few cities')
order by framework, edition, report_id
