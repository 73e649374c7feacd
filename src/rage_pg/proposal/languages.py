"""Which language a prompt is in, told by its function words and its script; and those words, which part what it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rage_pg.proposal.english import FUNCTION_WORDS
from rage_pg.proposal.reading import Token, is_spaced
from rage_pg.proposal.thesaurus import thesaurus

ENGLISH, UNKNOWN = "en", "und"

PARTING: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "de": """aber alle allein alles als also am an auch auf aus außerdem bei beide beim bin bis bitte da dabei dahinter damit
            daneben dann daran darauf darin darüber darunter das dass davon davor dazwischen dein deine dem den denn der
            deren des dessen deutlich die dies diese diesem diesen dieser dieses doch dort drei du durch ein eine einem
            einen einer eines einige er es etwas für ganz gegen gerade gibt habe haben hat hatte hier hinter ich ihm ihn
            ihnen ihr ihre ihrem ihren ihrer im immer in innen ins ist jede jedem jeden jeder jedes kein keine keinem
            keinen können man mein meine mich mir mit nach neben nicht nichts niemand noch nur ob oben oder ohne paar
            rund sehr sein seine seinem seinen seiner seit sich sie sind so soll sondern statt über um und uns unser
            unsere unten unter viele vier vom von vor war was weil wenn werden wie wir wird zu zum zur zwei zwischen""",
        "fr": """à afin alors après au aucun aucune autour autre autres aux avant avec ce ceci cela ces cet cette ceux chaque
            chez comme contre d dans de dehors déjà depuis derrière des dessous dessus deux devant donc du elle elles en
            encore entre est et être eux fait font il ils jamais je jusqu l la là le les leur leurs loin lors lui ma mais
            me même mes moi moins mon n ne ni non nos notre nous on ou où par parmi pas pendant personne peu plus plusieurs
            pour près qu quand que quelque quelques qui quoi rien s sa sans se sera ses si son sont sous sur ta tandis
            tout toute toutes tous très trois tu un une vers voici voilà vos votre vous y""",
        "es": """a al algo alguien algún alguna algunas algunos ante antes aquel aquella así aunque bajo cada casi como con
            contra cual cuando cuatro de debajo del delante dentro desde detrás donde dos durante e el él ella ellas ellos
            en encima entre era es esa ese eso está están esta estas este esto estos fuera ha hacia han hasta hay junto la
            las le les lo los más me mi mientras mis muy nada nadie ni no nos nuestra nuestro o otra otras otro otros para
            pero por porque que quien se según ser si sí sin sobre son su sus también tan te tiene todo todos tras tres
            tu tus u un una unas uno unos y ya yo""",
        "it": """a ad agli ai al alcune alcuni all alla alle allo anche c che chi ci come con contro cui d da dagli dai dal
            dall dalla dalle davanti degli dei del dell della delle dello dentro dietro di dopo dove due e ed è era fra gli
            ha hanno i il in io l la le lei li lo loro lui ma mentre mi mio molto ne negli nei nel nell nella nelle nello
            nessuno noi non o ogni per più poi quale quando quattro quella quello questa questo qui sanza se senza si sia
            sono sopra sotto sta stanno su sua sue sugli sui sul sull sulla sulle sullo suo suoi tra tre tutti tutto un
            una uno verso vicino""",
        "pt": """a à às ao aos algum alguma ante antes aquela aquele as até cada com como contra da das de dela dele dentro
            depois desde do dois dos duas e é ela elas ele eles em embaixo enquanto entre era essa esse esta está estão
            este eu foi fora há isso isto já lhe mais mas me mesmo meu minha muito na não nas nem no nos nós nossa nosso o
            os ou para pela pelas pelo pelos perto por porque quando quatro que quem são se seja sem seu seus só sob sobre
            sua suas também tem toda todo todos três tu um uma umas uns""",
        "nl": """aan achter al alle als altijd bij binnen boven buiten daar dan dat de deze die dit door drie een en er ge geen
            haar had heb hebben heeft hem het hier hij hoe hun ik in is je jij kan maar me met mijn na naar naast niet niets
            nog nu of om onder ons onze ook op over rond te tegen tijdens toen tot tussen twee u uit van veel vier voor
            waar was wat we wel werd wie wij worden wordt ze zich zij zijn zo zonder""",
        "sv": """alla allt andra att av bakom bara blir bland bredvid de dem den denna deras dess det detta dig din du där efter
            eller en ett fram fyra för från före genom ha han har hans hennes hon honom hos hur här i in ingen inte inuti
            jag kring man med mellan men min mot ned ner ni nu någon några när och ock om ovan ovanför på sig sin sina
            sitt som strax så tre två under upp ur utan utanför vad var vara vem vi vid än är över""",
        "pl": """a aby ale bez bo był była było by być co czy dla do dwa dwie dwóch gdy gdzie go i ich ile im ja jak jako jego
            jej jest jeszcze już każdy kto który która które lub ma ma między mnie moja mój może na nad nie nic nim o obok
            od on ona one oni oraz po pod poza pośród przed przez przy są się swój swoim ta tak także tam ten tego tej to
            trzy ty tylko tym u w we wokół z za ze że żeby""",
        "tr": """acaba ama ancak arada arasında artık ben bile bir biraz biri birkaç biz bu buna da daha de değil diye dört
            eğer en gibi göre ha hem hep her hiç iç içinde iki ile ise için kadar karşı ki kim mi mı mu mü nasıl ne neden o
            olan olarak onlar onu orada öyle sen siz şey şu tüm üç üstünde üzerinde var ve veya ya yanında yok""",
        "ru": """а без более бы был была были было быть в вам вас во вокруг все всё всего всех вы где да два две для до его ее её
            если есть ещё же за здесь и из или им их к как когда которая который которые кто ли между меня мне много мой мы
            на над не нее него нет ни них но ну о об он она они оно от перед по под после при про рядом с свой своей со
            так также там то тот три ты у уже через что чтобы это этот я""",
    }.items()
}  # fmt: skip
"""Words that name nothing, by language: articles, pronouns, prepositions, conjunctions, numbers, forms of to be."""

JOINING: Mapping[str, frozenset[str]] = {
    "fr": frozenset(("de", "d", "à", "en", "du", "au", "aux", "des")),
    "es": frozenset(("de", "del")),
    "it": frozenset(("di", "d", "da", "a", "del", "della", "al", "dell")),
    "pt": frozenset(("de", "do", "da", "dos", "das")),
}
"""Of these words those that may stand inside a name: a bonhomme de neige."""

MOST_ELIDED = 5
"""Letters of an article or the like that an apostrophe joins to a word: l'ail, dell'orso."""


def language_of(text: Sequence[Token], given: str | None = None) -> str:
    """Two letters; `und` for what is in none of these. `given`: what the caller says, as BCP 47 does."""
    if given:
        return given.split("-", maxsplit=1)[0].casefold()
    spoken = [part for token in text if token.is_word for part in _parts(token.text)]
    if spoken and sum(not is_spaced(word) for word in spoken) * 2 > len(spoken):
        return UNKNOWN
    words = thesaurus()
    english = sum(word in FUNCTION_WORDS for word in spoken)
    counts = {language: sum(word in parting for word in spoken) for language, parting in PARTING.items()}
    best = max(counts, key=lambda language: counts[language])
    foreign = [word for word in spoken if word not in FUNCTION_WORDS and not words.is_known(word)]
    # Many a function word of another language is an English word as well: die, a, son.
    if counts[best] >= max(english, 1) and any(word in PARTING[best] for word in foreign):
        return best
    # Without a function word in it, a list is English if most of its words are.
    return ENGLISH if english or len(foreign) * 2 <= len(spoken) else UNKNOWN


def _parts(word: str) -> list[str]:
    """l'ail is two words, maker's is one."""
    before, sign, after = word.partition("'")
    return [before, after] if sign and len(before) <= MOST_ELIDED and after else [before]
