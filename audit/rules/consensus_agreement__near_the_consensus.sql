select
    framework,
    edition,
    n_cities,
    n_pairs,
    n_voters,
    agreement
from marts.consensus_agreement
where kind = 'index' and (agreement >= 0.95 or agreement <= 0)
order by framework, edition
