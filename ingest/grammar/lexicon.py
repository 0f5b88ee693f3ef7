"""Words by which texts rank and count, in five languages, as one table of token codes.

Each row is a code and its phrases, apart by bars; a Latin phrase stands alone between word
boundaries, and a space in it matches any white space. Regular expressions are allowed in it.
"""

from __future__ import annotations

import re

from ingest.grammar import numerals
from ingest.grammar.ranks import NAMED, ORDINALS

WORDS_BY_CODE: dict[str, str] = {
    # Of two lists: in the same order.
    "D": "respectively|masing-masing|berturut-turut|jeweils|respectivement|分别为|分別為|分别是|"
    "分別是|"
    "分别|分別|分列",
    # A list in the order of rank.
    "I": "in order|in that order|in this order|in descending order|in order of rank|"
    "secara berurutan|in dieser reihenfolge|der reihe nach|dans l['’]ordre|dans cet ordre|"
    "依次为|依次為|依次是|依次",
    # What comes next in rank.
    "F": "(?:closely )?followed by|then came|next came|(?:yang )?diikuti(?: oleh)?|"
    "disusul(?: oleh)?|gefolgt von|(?:dicht )?dahinter folgen|es folgen|es folgt|"
    "suivie?s?(?: de près)? (?:par|de)|viennent ensuite|vient ensuite|其次是|其次为|其次為|其次|"
    "紧随其后的是|緊隨其後的是|紧随其后的|紧跟其后的是|随后是|隨後是|接下来是|接下來是|其后是",
    # Overtaking.
    "O": "beats?|edged(?: out)?|outperform(?:ed|s)?|replac(?:ed|es)|displac(?:ed|es)|"
    "dethron(?:ed|es)|"
    "unseat(?:ed|s)|menggantikan|löste|remplace|remplacé|取代|overtook|overtakes|overtake|"
    "overtaking|surpass(?:ed|es|ing)?|"
    "leapfrogg?(?:ed|s|ing)|outrank(?:ed|s|ing)?|menyalip|melampaui|mengungguli|menggeser|"
    "mengalahkan|überholt|überholte|überholten|überholen|verdrängt|verdrängte|"
    "dépasse|dépassé|dépassent|dépassant|devance|devancé|devancent|devançant|超越|超过|超過|赶超|"
    "趕超|反超|赶上并超过",
    # Overtaken.
    "P": "(?:was |were |been |being )?(?:overtaken|surpassed|outranked|leapfrogged|displaced|"
    "replaced|beaten|dethroned|edged out) by|(?:disalip|dilampaui|digeser|dikalahkan|digantikan)"
    "(?: oleh)?|(?:dépassée?s?|devancée?s?|remplacée?s?) par",
    "Q": "wurden? von|被",
    "^": "which|who|qui|lequel|laquelle|后者|後者|后两者|後兩者|后三者",
    # Behind nobody else.
    "U": "second only to|behind only|trailing only|hanya kalah dari|hanya di belakang|nur hinter|"
    "seulement derrière|uniquement derrière|仅次于|僅次於|仅落后于",
    "B": "(?:just |right )?behind|after|trailing|di belakang|setelah|hinter|nach|derrière|après|"
    "次于|"
    "落后于|落後於",
    # Comes right after the one before.
    "f": "次之|紧随其后|緊隨其後|紧跟其后|位居其后|comes next|came next|follows|menyusul",
    "A": "高于|高於|优于|ahead of|in front of|di depan|mengungguli|vor|devant|领先于|領先於|先于",
    # Worse and better than a rank.
    "W": "(?:ranked? |both |all )?(?:below|lower than|outside)|di luar|di bawah|außerhalb|"
    "hors d[ue]|低于|排在(?=第)[^\\W]后|跌出",
    "X": "tied(?: for)?|ties(?: for)?|in a tie(?: for)?|jointly|joint|share[sd]?|sharing|equal|"
    "ex[ -](?:ae|æ)quo|seri(?: di)?|berbagi|bersama-sama|gemeinsam|teilen sich|gleichauf|"
    "geteilter|geteilten|se partagent|à égalité|并列|並列|同列|同居",
    # What denies, wishes, or speaks of another time.
    "x": "neither|nor|weder|no longer|likely|projected|poised|miss(?:ed|es)?|tak lagi|"
    "tidak lagi|nicht mehr|"
    "verpasst|"
    "verpasste|ne plus|manqué|不再|错失|not|never|fails? to|failed to|without|cannot|could|"
    "would|should|might|may|if|unless|"
    "will|aims? to|aiming to|aspires? to|hopes? to|expected to|plans? to|strives? to|goal|target|"
    "predicted|forecast|lost|dropped out|fell out|used to|formerly|previously|denied|claims to be|"
    "tidak|bukan|belum|gagal|akan|bertujuan|berambisi|harus|diharapkan|kehilangan|ingin|jika|"
    "nicht|kein|keine|wird|werden|soll|sollen|könnte|möchte|will|verlor|wenn|"
    "ne|pas|jamais|aucun|aucune|pourrait|devrait|vise|sera|perdu|si|"
    "不是|未能|没有|沒有|并非|並非|无缘|無緣|跌出|力争|力爭|争取|爭取|有望|目标|目標|将|將|预计|"
    "預計|计划|"
    "努力|打造|建设|如果|未进入|不及|并未|尚未|曾经|原本|不|未",
    # Another edition than the text's.
    "T": "last year|a year (?:ago|earlier)|previous year|prior year|previous edition|last edition|"
    "tahun lalu|edisi sebelumnya|im vorjahr|letztes jahr|l['’]an dernier|l['’]année dernière|"
    "édition précédente|去年|上年|上届|上期|上一年|上一届",
    # Verbs of rank.
    "v": "made|makes|ranks?|ranked|ranking|plac(?:es|ed|ing)|came|comes|coming|finish(?:ed|es|"
    "ing)?|sits?|"
    "stands?|stood|takes?|took|taking|holds?|held|occup(?:y|ies|ied|ying)|secure[sd]?|claims?|"
    "claimed|earn(?:s|ed)?|reach(?:ed|es|ing)?|rose|rises|climb(?:s|ed|ing)?|jump(?:s|ed|ing)?|"
    "moved|moves|moving|remain(?:s|ed)?|retain(?:s|ed)?|fell|falls|drops|dropped|slip(?:s|ped)?|"
    "pushing|pushed|relegating|rounds? out|rounded out|rounding out|won|wins|got|listed|"
    "berperingkat|menempati|menduduki|berada|meraih|masuk|naik|turun|mencapai|merebut|tetap|"
    "belegt|belegte|belegen|belegten|liegt|lag|liegen|lagen|kommt|kam|kommen|kamen|erreicht|"
    "erreichte|erreichen|steht|stehen|landet|landete|landen|rangiert|rangieren|steigt|folgt|"
    "folgen|occupe|occupent|arrive|arrivent|se classe|se classent|figure|figurent|prend|"
    "prennent|monte|atteint|obtient|décroche|排名|排在|排|位居|位列|位于|位於|位|居于|居|名列|列|"
    "升至|升到|上升至|跃居|躍居|跃升至|跻身|躋身|进入|進入|稳居|穩居|稳坐|穩坐|稳定|荣获|荣登|"
    "高居|雄踞|"
    "夺得|占据|占據|跌至|降至|退居|入选|入围|晋级|成为|成為|处于|處於|处在|上榜|坐稳",
    # What introduces a figure.
    "p": "at|with|scor(?:es|ed|ing)(?: of)?|scores?|having|has|have|had|index of|earning|"
    "receiv(?:es|ed|ing)|dengan|skor|nilai|indeks|memiliki|mit|punktzahl|punktwert|wert|"
    "hat|haben|bei|erzielt|erzielte|avec|un score|score|a obtenu|compte|possède|totalise|"
    "得分为|得分為|评价得分为|得分|评分为|分值为|分值|总分|以|得|拥有|擁有|共有|有|凭借|憑藉|"
    "指数为|达到|达|"
    "為數",
    "k": "is|are|was|were|be|been|namely|include[sd]?|including|went to|goes to|go to|"
    "ada|terdapat|adalah|yaitu|yakni|ialah|ditempati(?: oleh)?|diraih(?: oleh)?|ist|sind|war|"
    "waren|geht an|"
    "ging an|est|sont|était|revient à|revient|为|為|是|包括",
    "a": "and|dan|serta|und|sowie|et|as well as|bzw\\.?|以及|和|与|與|及",
    "h": "one of the|among the most|salah satu|ein[e]? der|einer der|l['’]une? des|"
    "parmi les plus|之一",
    # A rank that was, before "to" the rank that is.
    "m": "from|dari|von|depuis|du|从|從|由",
    # A place, not a subject.
    "@": "in|within|across|throughout|di|im|aus|dans|en|在|于",
}
CJK_FILL = (
    "不仅|不但|不只|则|則|均|都|的|也|仍|还|還|其中|此外|同时|而|但|作为|作為|属于|屬於|"
    "等|凭借|该|暂时|暂|仅|已|双双|再次|再|又|首次|其余|其餘|较|位次|占比|占|佔"
)
"""Chinese words that end a name without meaning a rank."""

_NUMBER = rf"(?:\d{{1,3}}|{numerals.CJK}|{numerals.WORD})"
_PLAIN_NUMBER = rf"(?:\d{{1,3}}|{numerals.WORD})"
SET = re.compile(
    rf"(?:the )?top[ -](?P<k1>{_PLAIN_NUMBER})\b(?! ?%|[.,]\d| per ?cent| persen|"
    rf" prozent)(?:[ -](?:spots?|places?|positions?|cities|ranks|"
    rf"list|plätze|städte))?"
    rf"|(?:the )?first (?P<k2>{_PLAIN_NUMBER}) (?:places|spots|positions|ranks)"
    rf"|(?:peringkat |posisi |urutan )?(?P<k3>{_PLAIN_NUMBER}) (?:besar|teratas)\b"
    rf"|(?:die |den |der )?(?:ersten|besten|vordersten) (?P<k4>{_PLAIN_NUMBER})\b(?: plätzen?|"
    rf" ränge)?"
    rf"|(?P<k5>{_PLAIN_NUMBER}) (?:premi(?:er|ère)s|meilleure?s)\b(?: places| villes| rangs)?"
    rf"|(?:les )?premières places|(?:排名|位居|位列)?前(?P<k6>{_NUMBER})(?:名|位|强|甲|城|"
    rf"大城市|座城市|个城市)?"
    rf"(?!季度|年|个月|月|天|日|期|者|款|次|批|\d|[.%])"
    rf"|TOP ?(?P<k7>\d{{1,3}})(?! ?[.%\d]|[.,]\d| per ?cent| persen| prozent)|(?P<k8>podium|"
    rf"三甲)",
    re.IGNORECASE,
)
TIER = re.compile(
    r"第(?P<zh>[一二三四五六七八九\d])(?:梯队|梯隊|梯级|方阵|档|阵营)"
    r"|(?P<abc>[A-DＡ-Ｄ])(?:档|类城市|级城市)|tier[ -](?P<en>\d|one|two|three|four|I{1,3}V?|"
    r"[A-D])\b"
    r"|(?P<en2>first|second|third|fourth)[ -](?:tier|echelon|group)\b"
    r"|(?:eselon|tingkat|kelompok) (?P<id>satu|dua|tiga|empat|pertama|kedua|ketiga|keempat|"
    r"[1-4])\b"
    r"|(?P<de>erste[rn]?|zweite[rn]?|dritte[rn]?) (?:Liga|Gruppe|Reihe|Stufe|Kategorie)\b"
    r"|(?P<fr>premi(?:er|ère)|deuxième|second|seconde|troisième) (?:groupe|échelon|catégorie)\b",
    re.IGNORECASE,
)

_ORDINAL = "|".join(sorted(map(re.escape, ORDINALS), key=len, reverse=True))
_PLACE = r"(?:place|spot|position|rank|platz|rang|stelle)s?"
_DASH = r"\s?(?:[-–—~～至到]|to|bis|hingga|sampai|à)\s?第?"
_NOT_A_RANK = (
    "梯队|梯隊|梯级|方阵|档|阵营|季度|批|次|大|产业|產業|款|章|节|届|期|阶段|条|步|个|天|年|代|"
    "方|轮|部|"
    "线|級|级|类|层|财|人民|医院|中学|大学|台|家|任|例|行|手|时间|版|项|组|日|月|季|世界|性|\\d|"
    "[一二三四五六七八九十百]"
)
RANK = re.compile(
    rf"(?P<tie>并列|並列)?第 ?(?P<zh>\d{{1,4}}|{numerals.CJK})(?: ?[名位])?"
    rf"(?:{_DASH}(?P<zhto>\d{{1,4}}|{numerals.CJK})(?:名|位)?)?(?!{_NOT_A_RANK})"
    rf"|(?:排名|位列|位居|排)第?(?P<zh3>{numerals.CJK}|\d{{1,4}})(?:至|到|[-—~～])第?"
    rf"(?P<zh3to>{numerals.CJK}|\d{{1,4}})[名位]"
    rf"|(?:排名|位列|位居|排)\s?(?:为|在|全国|"
    rf"全球)?\s?(?P<zh2>\d{{1,4}})(?:{_DASH}(?P<zh2to>\d{{1,4}}))?(?![\d.%年])"
    rf"|(?P<first>{'|'.join(sorted(NAMED, key=len, reverse=True))}|登顶|登頂|夺魁|夺冠|折桂|"
    rf"领跑|領跑|"
    rf"领先(?![于的地城优水企])|領先(?![於的地城優水企])|拔得头筹|独占鳌头)"
    rf"|(?:ranked|ranks?|ranking|place|position|number|platz|rang|stelle|peringkat|posisi|urutan|"
    rf"tempat|nomor|juara|numéro|classée?s?) (?:ke-? ?|no\.? ?|#)?"
    rf"(?P<num>\d{{1,4}}|{_ORDINAL}|{numerals.WORD})(?:st|nd|rd|th|e|er|ème)?"
    rf"(?:{_DASH}(?P<numto>\d{{1,4}})(?:st|nd|rd|th|e|er|ème)?)?(?![\w%]|[.,]\d)"
    r"(?! (?:kota|negara|provinsi|wilayah)\b)"
    rf"|(?:places|positions|ranks|plätzen?|ränge|rangs|"
    rf"peringkat) (?P<many>\d{{1,4}}|{numerals.WORD}){_DASH}"
    rf"(?P<manyto>\d{{1,4}}|{numerals.WORD})(?![\w%])"
    rf"|(?P<band>\d{{1,4}})[-–—](?P<bandto>\d{{1,4}}) (?:band|range|bracket|group)\b"
    rf"|(?<!\w)(?:#|no\. ?|nr\. ?|n° ?|№ ?)(?P<hash>\d{{1,4}})(?![\d%]|[.,]\d)"
    rf"|(?<![\w-])(?P<dig>\d{{1,4}})(?:st|nd|rd|th|ème|ère|er|"
    rf"e)(?:{_DASH}(?P<digto>\d{{1,4}})(?:st|nd|rd|th|e))?"
    rf"(?: {_PLACE})?(?![\w-])"
    rf"|(?<![\w-])ke-(?P<ke>\d{{1,4}})(?!\d)"
    rf"|(?<![\d.])(?P<de>\d{{1,4}})\. (?:platz|rang|stelle)\b"
    rf"|(?<![\w-])(?P<ord>{_ORDINAL}) {_PLACE}(?![\w-])"
    rf"|(?:joint|equal|tied)-(?P<jord>{_ORDINAL}|\d{{1,4}}(?=st|nd|rd|th))(?:st|nd|rd|"
    rf"th)?(?![\w-])"
    rf"|(?<![\w-])(?P<bare>{_ORDINAL})(?![\w-])",
    re.IGNORECASE,
)
RANK_SPAN = re.compile(
    rf"(?:(?:peringkat|posisi|urutan|place|rang|platz) )?(?P<low>{_ORDINAL})(?: {_PLACE})?"
    rf"\s(?:to|through|bis|hingga|sampai|à|à la)\s(?P<high>{_ORDINAL})(?: {_PLACE})?(?![\w-])",
    re.IGNORECASE,
)
"""``fourth to sixth``: a range where names share it in order, elsewhere a move."""
MANY_RANKS = re.compile(
    r"第(?P<listed>\d{1,4}(?:[、,]第?\d{1,4}){1,30}(?:和第?\d{1,4})?)[名位]|"
    r"(?:places|positions|ranks|spots|plätze|plätzen|ränge|rangs|peringkat|posisi|第) ?"
    r"(\d{1,4}(?:(?:, ?| ?、)\d{1,4})*,? ?(?:and|und|dan|et|bzw\.|和) ?\d{1,4})(?![\d.%])"
    rf"|(?:platz|plätze|plätzen|rang|rängen?|peringkat|posisi|places?|rangs?) "
    rf"(?P<words>(?:{numerals.WORD})(?:, (?:{numerals.WORD}))*,? (?:und|dan|et|and) "
    rf"(?:{numerals.WORD}))(?![\w-])",
    re.IGNORECASE,
)
AFTER_BARE = re.compile(
    r"(?:percentile|quantile|decile|quartile|quintile|century|centuries|annual|anniversary|"
    r"birthday|"
    r"congress|session|plenary|amendment|consecutive|straight|successive|half|quarter|time|year|"
    r"month|edition|phase|batch|tier|"
    r"generation|round|author|name|step|"
    r"report|study|world|party|day|week|language|person|line|class|hand|floor|minute)\w*",
    re.IGNORECASE,
)
LEADS = re.compile(
    r"(?:leads|led|lead|tops|topped|heads|headed)(?= (?:the (?:ranking|list|table|index|field|"
    r"pack|"
    r"world|country|nation|league|standings|chart)|with|at|in |globally|nationally|on )|[.,;]|$)"
    r"|took the lead|takes the lead|in the lead|came out on top|comes out on top|"
    r"(?:the )?top (?:spot|position|place|rank)\b(?!s)|(?:ranks?|ranked) (?:at the )?top(?= |"
    r"[.,;]|$)(?! \w+ty)"
    r"|memimpin(?= dengan| daftar| peringkat| klasemen|[.,;]|$)|(?:di )?(?:posisi|"
    r"peringkat) (?:puncak|teratas)|"
    r"posisi puncak|di puncak|menjadi juara|"
    r"(?:führt|führte)(?= mit| die rangliste| das ranking| die liste|[.,;]|$)|liegt vorn|lag vorn|"
    r"an der spitze|spitzenplatz|spitzenreiter|(?:arrive |est |se place )?en tête\b|"
    r"(?:mène|domine)(?= le classement| avec|[.,;]|$)",
    re.IGNORECASE,
)
LED_BY = re.compile(
    r"led by|headed by|topped by|dipimpin oleh|angeführt von|dominé par|mené par", re.I
)
EXCLUDES = re.compile(
    r"(?:不包括|不包含|不含|不计|除去)\s?(?P<zh>[㐀-鿿]{2,20})"
    r"|(?:excluding|excludes?|exclude|not including|without counting|"
    r"except)\s+(?P<en>[^.,;()\n]{3,60})"
    r"|(?:tidak termasuk|tanpa memasukkan|di luar)\s+(?P<id>[^.,;()\n]{3,60})"
    r"|(?:ausgenommen|ohne|nicht eingeschlossen)\s+(?:die |den |der )?(?P<de>[A-ZÄÖÜ][\w-]+)"
    r"|(?:hors|à l['’]exclusion d(?:e|es|u)|sans compter|exclut|"
    r"excluant)\s+(?P<fr>[^.,;()\n]{3,60})",
    re.IGNORECASE,
)
AMONG = re.compile(
    r"在(?P<zh>[^，。、；;,\s在]{0,12}(?:城市|都市|省份|都市圈))(?:之?[中里内]|排名|位列|位居)?"
    r"|(?P<zh2>\d{1,5}\s?(?:个|座)[㐀-鿿]{0,6}(?:城市|省份))(?:之)?中"
    r"|(?:among|out of|of)\s+(?:the\s+|"
    r"all\s+)?(?P<en>(?:\d{1,5}\s+)?(?:[\w\-]+\s+){0,3}(?:cities|metropolises|"
    r"metros|provinces|states|municipalities|centres|centers|countries|regions)(?: surveyed|"
    r" studied)?)"
    r"|(?:di antara|dari)\s+(?P<id>(?:\d{1,5}\s+)?(?:kota-kota|kota|provinsi|"
    r"negara)(?:\s+[\w\-]+){0,3})"
    r"|(?:unter|von)\s+(?:den\s+)?(?P<de>(?:\d{1,5}\s+)?(?:[\w\-]+\s+){0,2}(?:Städten|Ländern|"
    r"Provinzen))"
    r"|(?:parmi|sur)\s+(?:les\s+)?(?P<fr>(?:\d{1,5}\s+)?(?:villes|provinces|"
    r"pays)(?:\s+[\w\-]+){0,3})",
    re.IGNORECASE,
)
_COUNTED_EN = (
    "cit(?:y|ies)|compan(?:y|ies)|firms?|universit(?:y|ies)|start-?ups?|provinces?|unicorns?"
)
ZERO = re.compile(
    rf"(?<!\w)(?:no|not a single|not one) (?P<en>{_COUNTED_EN})\b|none of (?:them|(?:the|"
    rf"these) (?P<en2>[a-z]+))"
    r"|tidak (?:satupun|satu pun|ada satupun|ada satu pun)(?: (?P<id>kota|perusahaan|"
    r"universitas|provinsi))?"
    r"(?: dari mereka)?|tidak ada (?P<id2>kota|perusahaan|universitas|provinsi)\b"
    r"|keine?s? (?:einzige[sn]? )?(?P<de>Stadt|Firma|Unternehmen|Universität)\b"
    r"|aucune? (?P<fr>ville|entreprise|université|province)\b"
    r"|(?:无一|無一|没有一|沒有一)(?P<zh>家企业|企业|公司|高校|家|个城市|城市|个|项|款|城)?",
    re.IGNORECASE,
)
CENSORED = re.compile(
    r"(?P<rank>第?[*×]{1,2})(?=城|股|名|位|市|强|家|大)|排名(?:第)?(?P<rank2>[*×]{1,2})"
)
LOWER_IS_BETTER = re.compile(
    r"lower (?:scores? |values? )?(?:is|are|means?) better|the lower the better|越低越好|越小越好|"
    r"niedriger ist besser|je niedriger,? desto besser|semakin (?:rendah|kecil),? semakin baik|"
    r"plus (?:le score|la valeur|il) est (?:bas|basse|faible),? (?:mieux|meilleur)",
    re.IGNORECASE,
)
TOPIC = re.compile(
    r"\s*(?:(?:in terms of|in|for|by|dalam hal|dalam jumlah|dalam|berdasarkan|bei|hinsichtlich|"
    r"en termes de|en matière de|pour|en)\s+)(?P<of>[^\W\d][^.,;()\n]{2,80})",
    re.IGNORECASE,
)
"""What a rank is about, right behind it."""
GROUP = re.compile(
    r"\s?(?:个|座|大)?(?:城市|城|省份|省|地区|都市)(?!\w*(?:企业|公司))|[ -](?:\w+ )?(?:cities|"
    r"provinces|areas|markets|locations|"
    r"metros|metropolises|hubs|clusters|kota|provinsi|Städte|Städten|Länder|villes|provinces)\b",
    re.IGNORECASE,
)
ANOTHERS = re.compile(
    r"\b(?:whose|dessen|deren|dont (?:le|la|les)|yang [^\W\d]+nya)\b", re.IGNORECASE
)
"""What follows is said of something that belongs to the name."""
MOVE = re.compile(
    r"\s?(?:places?|spots?|positions?|ranks?|notches|peringkat|tingkat|plätzen?|ränge|places|"
    r"rangs)\b"
    r"|个?(?:位次|名次)|位(?!\w*家)",
    re.IGNORECASE,
)
MONTH = re.compile(
    r"(?:jan|feb|mar|apr|may|mei|mai|jun|jul|aug|agu|sep|oct|okt|nov|dec|des|dez|janv|févr|avr|"
    r"juin|"
    r"juil|août|déc|mär)[a-zéûä]*\.?\b",
    re.IGNORECASE,
)
CJK_UNITS = re.compile(
    r"个百分点|個百分點|百分点|亿元|万元|美元|欧元|港元|日元|元|分(?!别|別|列|为|之)|家|款|项|項|"
    r"件|所|座|倍|人|台|篇|种|种|"
    r"株|平方公里|公里|千米|吨|个(?!城市|省)|個|P(?![A-Za-z])|名(?!列)"
)
DATE_UNITS = re.compile(r"\s?(?:年|月|日|号|世纪|届|期|小时|天|岁|时|点|后)")

_LABELS = """
auf an im bei mit nach von vor zu über unter durch für seit sur sous avec au aux par chez depuis di
ke dari sebagai saat ketika setelah sebelum with from after before since under over at up neither
no nr city cities kota kabupaten provinsi stadt städte die der das den dem le les l ville
villes the a an this these that those it its they he she we our their his her i you both all
each every some many most other others only even also now then here there when while where
which who how what why for to by on as but or so yet nor of than although though however
meanwhile moreover among according overall note notes source rank total score scores points
point index report ranking rankings table figure tier top ai menurut sementara sedangkan
namun selain misalnya ini itu para pada untuk dalam laporan indeks jumlah yang oleh catatan
skor poin peringkat karena secara tahun punkte punkten rangliste platz rang ein eine einen
einem einer laut während auch bericht studie wert hinweis jahr selon dans pour cette ces ce
une un classement étude rapport tandis alors elle il ils january february march april june
july august september october november december januari februari maret mei juni juli agustus
oktober desember januar februar märz dezember janvier février mars avril juin juillet août
septembre octobre novembre décembre today monday tuesday wednesday thursday friday saturday
sunday last next
"""
LABELS = frozenset(_LABELS.split())
"""Capitalised words that begin or end no name."""
CJK_SUFFIX = re.compile(
    r"(?:市|省|自治区|自治區|自治州|特别行政区|大湾区|大灣區|都市圈|湾区|灣區|城市群|州|县|縣|"
    r"新区|盟)$"
)
CJK_NO_NAME = re.compile(
    r"^(?:该|本|其|此|这|這|那|某|各|全|我|每|两|多|几|数|上述|以上|城|都|省|直辖|地级|一线|"
    r"二线|新一线)"
    r"|^(?:绝对|遥遥|明显|整体|总体|依然|继续|稳步|率先|双双|一直|全面)|(?:量|额|值|率|数|占比)$"
    r"|各[市州省区县]|[市全]州$|全省|全市|增速|增幅|人均|总值|城市|指数|指數|排名|评分|得分|"
    r"分值|研究|报告|報告|企业|企業|全国|全國|全球|世界|"
    r"中国(?!香港|澳门|台湾)|国内|人工智能|"
    r"产业|產業|指标|总分|綜合|综合|水平|能力|数量|规模|单独|优势|明显|分别|"
    r"第[一二三四五六七八九十]"
)
CJK_LEAD_IN = re.compile(
    r"^(?:其中|而|但|此外|同时|因此|其余|其餘|另外|目前|今年|去年|据悉|随着|年|月|日|注)+"
)


def _latin(phrase: str) -> str:
    return rf"(?<![^\W_]){phrase.replace(' ', chr(92) + 's+')}(?![^\W_])"


def _phrases(row: str) -> list[str]:
    """Phrases of a row; a bar inside brackets belongs to its phrase."""
    phrases, depth = [""], 0
    for char in row:
        depth += (char in "([") - (char in ")]")
        if char == "|" and not depth:
            phrases.append("")
        else:
            phrases[-1] += char
    return phrases


def _pattern(row: str) -> re.Pattern[str]:
    bodies = (p if re.match(r"[㐀-鿿]", p) else _latin(p) for p in _phrases(row))
    return re.compile("|".join(sorted(bodies, key=len, reverse=True)), re.IGNORECASE)


_KEYWORDS = {code: _pattern(row) for code, row in {**WORDS_BY_CODE, "w": CJK_FILL}.items()}


IN_ORDER = re.compile(f"{_KEYWORDS['D'].pattern}|{_KEYWORDS['I'].pattern}", re.IGNORECASE)
_ANY = re.compile("|".join(pattern.pattern for pattern in _KEYWORDS.values()), re.IGNORECASE)


def keyword_at(text: str, at: int) -> tuple[str, int] | None:
    """Code of the longest phrase that begins at a place, and where it ends."""
    if not _ANY.match(text, at):
        return None
    best: tuple[str, int] | None = None
    for code, pattern in _KEYWORDS.items():
        found = pattern.match(text, at)
        if found and found.end() > (best[1] if best else at):
            best = code, found.end()
    return best
