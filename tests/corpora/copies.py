"""A file of every label of each corpus, named as its authors document it, by every speaker.

A function `NAME(root)` for each labelled corpus gives the adapter, opened on a copy at `root`
where labels come from a file, and what each path has to say: {path: (speaker, label)}. Codes are
written out here, and not taken from the adapters.
"""

import itertools

from emodist import registry
from emodist.corpora import Corpus

Said = dict[str, tuple[str | None, str | None]]


def of(name, root) -> tuple[Corpus, Said]:
    return globals()[name](registry.build("corpora", name), root)


def ravdess(corpus, root):
    labels = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
    return corpus, {
        f"Actor_{actor:02d}/03-01-{code:02d}-01-02-01-{actor:02d}.wav": (f"{actor:02d}", label)
        for actor in range(1, 25)
        for code, label in enumerate(labels, start=1)
    }


def crema_d(corpus, root):
    codes = {
        "ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral",
        "SAD": "sad",
    }  # fmt: skip
    return corpus, {
        f"AudioWAV/{actor}_TIE_{code}_XX.wav": (str(actor), label)
        for actor in range(1001, 1092)
        for code, label in codes.items()
    }


def emo_db(corpus, root):
    codes = {
        "W": "anger", "L": "boredom", "E": "disgust", "A": "fear", "F": "happiness",
        "T": "sadness", "N": "neutral",
    }  # fmt: skip
    speakers = ("03", "08", "09", "10", "11", "12", "13", "14", "15", "16")
    return corpus, {
        f"wav/{who}a05{code}b.wav": (who, codes[code])
        for who, code in itertools.product(speakers, codes)
    }


def savee(corpus, root):
    codes = {
        "a": "anger", "d": "disgust", "f": "fear", "h": "happiness", "n": "neutral",
        "sa": "sadness", "su": "surprise",
    }  # fmt: skip
    return corpus, {
        f"AudioData/{who}/{code}03.wav": (who, codes[code])
        for who, code in itertools.product(("DC", "JE", "JK", "KL"), codes)
    }


def tess(corpus, root):
    codes = {
        "angry": "angry", "disgust": "disgust", "fear": "fear", "happy": "happy",
        "neutral": "neutral", "ps": "pleasant surprise", "sad": "sad",
    }  # fmt: skip
    return corpus, {
        f"{who}_{code}/{who}_back_{code}.wav": (who, codes[code])
        for who, code in itertools.product(("OAF", "YAF"), codes)
    }


def iemocap(corpus, root):
    codes = {
        "ang": "angry", "hap": "happy", "exc": "excited", "sad": "sad", "neu": "neutral",
        "fru": "frustrated", "fea": "fearful", "sur": "surprised", "dis": "disgusted",
        "oth": "other", "xxx": "no agreement",
    }  # fmt: skip
    said = {}
    for session in range(1, 6):
        dialogue = f"Ses0{session}F_impro01"
        lines = []
        for n, ((code, label), sex) in enumerate(itertools.product(codes.items(), "FM")):
            turn = f"{dialogue}_{sex}{n:03d}"
            lines.append(f"[{n}.0000 - {n}.9000]\t{turn}\t{code}\t[2.5000, 2.5000, 2.5000]\n")
            path = f"Session{session}/sentences/wav/{dialogue}/{turn}.wav"
            said[path] = (f"Ses0{session}{sex}", label)
        folder = root / f"Session{session}" / "dialog" / "EmoEvaluation"
        folder.mkdir(parents=True)
        (folder / f"{dialogue}.txt").write_text("".join(lines))
    corpus = registry.build("corpora", "iemocap", classes="all", without_agreement="label")
    return corpus.opened(str(root)), said


def meld(corpus, root):
    labels = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
    lines = ["Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode\n"]
    lines += [f'"Well, no",Ross,{label},neutral,7,{n},8,21\n' for n, label in enumerate(labels)]
    (root / "dev_sent_emo.csv").write_text("".join(lines))
    return corpus.opened(str(root)), {
        f"dev/dev_splits_complete/dia7_utt{n}.mp4": ("Ross", label)
        for n, label in enumerate(labels)
    }


def msp_podcast(corpus, root):
    codes = {
        "A": "anger", "S": "sadness", "H": "happiness", "U": "surprise", "F": "fear",
        "D": "disgust", "C": "contempt", "N": "neutral", "O": "other",
    }  # fmt: skip
    lines = ["FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set\n"]
    names = {code: f"MSP-PODCAST_0001_{n:04d}.wav" for n, code in enumerate(codes)}
    lines += [f"{name},{code},2.2,4.0,2.6,127,Male,Train\n" for code, name in names.items()]
    (root / "Labels").mkdir()
    (root / "Labels" / "labels_consensus.csv").write_text("".join(lines))
    return corpus.opened(str(root)), {
        f"Audios/{name}": ("127", codes[code]) for code, name in names.items()
    }
