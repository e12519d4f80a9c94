"""Sequences of symbols: what is read of text, FASTA and tables, what is left out, the way back, and the measures."""

import gzip
from math import exp, log

import numpy as np
import pytest
import torch

from gansmith.cli.main import main
from gansmith.data import check, read
from gansmith.data.kinds.symbols import Symbols, alphabet, measures
from gansmith.data.kinds.symbols.ngrams import NGramModel, distribution, lengths_of
from gansmith.data.spec import Kind
from gansmith.data.write import write_samples
from gansmith.errors import DataError

LINES = ["a red dog runs.", "the dog, a cat!", "a cat runs", "we don't run", "the red cat"]
GENES = ["ATGAAACCCTAA", "ATGGGGTTTTGA", "ATGCCCTAG", "ATGACGACGACGTAA"]
PROTEINS = ["MKVLAAGIVGLLLAQ", "MSTNPKPQRKTKRNT", "MEEPQSDPSVEPPLS", "ACDEFGHIKLMNPQRSTVWY"]


def put(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def fasta(sequences, width=6):
    wrapped = ("\n".join(s[i : i + width] for i in range(0, len(s), width)) for s in sequences)
    return "".join(f">gene{i} of somebody\n{s}\n" for i, s in enumerate(wrapped))


# --- reading ---------------------------------------------------------------------------------------------------------
def test_lines_of_words_come_back_as_they_were(tmp_path):
    data = read(put(tmp_path / "x.txt", "\n".join([*LINES, "", "the   dog"]) + "\n"))
    assert data.spec.alphabet == "words" and data.spec.shape == (6,) and data.spec.ends
    assert data.spec.texts(data.raw(np.arange(6))) == [*LINES, "the dog"]
    assert "1 empty lines passed over: line 6" in data.notes and data.files[-1] == "line 7" and not data.left_out
    assert any(note.startswith("1 texts have tabs, line breaks or several spaces") for note in data.notes)
    assert data.spec.vocabulary[:2] == (" a", " cat") and " don't" in data.spec.vocabulary
    batch = data.batch(torch.arange(2)).real
    assert batch.dtype == torch.int64 and batch[1].tolist()[-1] > 0 and data.raw([2])[0].tolist()[-3:] == [0, 0, 0]
    assert Kind.from_json(data.spec.to_json()) == data.spec
    assert read(LINES).digest == read(LINES, form="symbols").digest


def test_fasta_its_names_case_and_odd_letters(tmp_path):
    pytest.importorskip("Bio", reason="FASTA is read by Biopython: pip install 'gansmith[bio]'")
    genes = 6 * GENES
    text = fasta(genes).replace("ATGAAACCCTAA", "atgaaaccctaa") + ">bad\nATGXAC\n>gap\nAT-ACC\n>none\n"
    data = read(put(tmp_path / "genes.fasta.gz", gzip.compress(text.encode())))
    assert (data.spec.alphabet, data.spec.vocabulary, len(data)) == ("dna", tuple("ACGT"), 24)
    assert data.spec.texts(data.raw([0, 1])) == GENES[:2] and data.files[1] == "gene1"
    assert data.left_out == {
        "bad": "the letter 'X' at 4, which is not of DNA", "gap": "a gap (-) at 3, which is not of DNA", "none": "empty"
    }  # fmt: skip
    with pytest.raises(DataError, match="genes and proteins are mixed"):
        read(put(tmp_path / "both.fa", fasta([*GENES, *PROTEINS])))
    stops = read(put(tmp_path / "p.faa", fasta([f"{p}*" for p in 6 * PROTEINS] + ["MKV*LAA"])))
    assert stops.spec.alphabet == "protein" and stops.left_out == {"gene24": "a stop (*) at 4, which is not of protein"}
    reads = put(tmp_path / "r.fastq", "".join(f"@r{i}\n{g}\n+\n{'I' * len(g)}\n" for i, g in enumerate(GENES)))
    assert len(read(reads)) == 4
    with pytest.raises(DataError, match="is damaged after 0 records of FASTQ"):
        read(put(reads, "@r\nACGT\n+\nII\n"))


def test_lines_of_letters_are_known_for_what_they_are(tmp_path):
    assert read(6 * GENES).spec.alphabet == "dna"
    assert read([g.replace("T", "U") for g in 6 * GENES]).spec.alphabet == "rna"
    assert read(PROTEINS).spec.alphabet == "protein"
    assert read(["anna", "otto", "hannah"]).spec.alphabet == "characters"
    labelled = read(put(tmp_path / "amp.fa", "".join(f"{g}\t{i % 2}\n" for i, g in enumerate(3 * GENES))))
    assert labelled.spec.classes == ("0", "1") and labelled.spec.texts(labelled.raw([0])) == GENES[:1]


def test_columns_of_tables_and_json_lines(tmp_path):
    table = put(tmp_path / "x.csv", 'id,said,who\n1,"a dog, runs",me\n2,a cat,you\n3,,me\n')
    data = read(table, column="said", labels="who")
    assert data.spec.texts(data.raw([0, 1])) == ["a dog, runs", "a cat"] and data.spec.classes == ("me", "you")
    assert data.left_out == {"row 3": "empty"} and data.spec.column == "said"
    with pytest.raises(DataError, match="no column 'sayd'. Did you mean said"):
        read(table, column="sayd")
    rows = put(tmp_path / "x.jsonl", '{"text": "a dog", "n": 1}\n{"text": "a cat", "n": 2}\n')
    assert read(rows).spec.texts(read(rows).raw([1])) == ["a cat"]
    with pytest.raises(DataError, match="line 2, is no JSON"):
        read(put(rows, '{"text": "a"}\n{"te'))


def test_json_as_people_have_it(tmp_path):
    texts = lambda content, **how: (d := read(put(tmp_path / "x.json", content), **how)).spec.texts(d.raw([0, 1]))  # noqa: E731
    two = ["a dog", "a cat"]
    assert texts('["a dog", "a cat"]') == texts('{"version": 1, "data": [{"q": "a dog"}, {"q": "a cat"}]}') == two
    assert texts('{"a": {"said": "a dog"}, "n": 1}\n{"a": {"said": "a cat"}}\n') == two
    assert texts('{"t": "a dog"}\n{"t": null}\n{}\n{"t": "a cat"}') == two
    rows = put(tmp_path / "x.csv", "text,text\na dog,1\na cat,2\n")
    assert read(rows, column="text").spec.vocabulary == (" a", " cat", " dog")
    with pytest.raises(DataError, match="row 2, has 3 cells, and the header 2: put texts that hold a ',' in quotes"):
        read(put(rows, "text,n\na dog,1\na cat, too,2\n"), column="text")


def test_files_that_are_not_what_they_say(tmp_path):
    pytest.importorskip("Bio", reason="FASTA is read by Biopython: pip install 'gansmith[bio]'")
    plain, reads = fasta(6 * GENES), "".join(f"@r\n{g}\n+\n{'I' * len(g)}\n" for g in 6 * GENES)
    for name, content, said in (
        ("x.fastq", plain, "is FASTA, which its ending does not say"), ("x.fa", reads, "is FASTQ"),
        ("x.fa", f";made by\n{plain}", "taken for comments: 1"), ("x.fa", plain.replace("\n", "\r"), "looks like DNA"),
        ("x.fa", plain.replace("TAA", "UAA"), "have U, which is read as T"),
        ("x.txt", "\n".join(LINES).encode("utf-32"), "looks like words"),
        ("x.txt", "我爱你。\n我们爱 x\n".encode() * 20 + b"\xff", "is UTF-8 but for 1 of its letters"),
    ):  # fmt: skip
        notes = read(put(tmp_path / name, content)).notes
        assert any(said in note for note in notes), notes
    twice = read(put(tmp_path / "x.fa", ">a\nACGTACGT\n>a of b\nACGTTGCA\n>\nTGCATGCA\n"))
    assert twice.files == ("a", "a (record 2)", "record 3")
    (tmp_path / "many").mkdir()
    for name, content in (("a.txt", "\n".join(LINES)), ("b.txt", b"\0\1"), ("c.fq", "@r\nACGT\n+\nII\n")):
        put(tmp_path / "many" / name, content)
    left = read(tmp_path / "many").left_out
    assert left["b.txt"].startswith("holds no text") and left["c.fq"].startswith("is damaged after 0 records of FASTQ")
    with pytest.raises(DataError, match=r"'А' \(U\+0410\) at 13, which is not of DNA"):
        read(put(tmp_path / "x.fa", fasta([f"{g}А{g}{g}" for g in GENES])))


def test_words_of_other_scripts_and_signs():
    for text, count in (("我爱 cats，你", 5), ("I ❤️ 👨‍👩‍👧 🇩🇪👍🏽", 5), ("नमस्ते दुनिया", 2)):
        words = alphabet.split(text, "words")
        assert alphabet.join(words, "words") == text and len(words) == count, words


def test_rare_words_and_long_lines(tmp_path):
    data = read(20 * LINES + ["one two three four five six seven eight nine ten eleven"], vocabulary=6)
    assert len(data.spec.vocabulary) == 6 and data.spec.unknown == 6 and data.spec.shape == (6,)
    notes = " ".join(data.notes)
    assert "are rarer and read as <unk>" in notes
    assert "1 sequences of more than 6 symbols are not taken (--length 11 takes all): item 100 (11)" in notes
    huge = read(["x" * 2**20, *LINES])
    assert len(huge) == 5 and huge.spec.shape[0] <= 1024


def test_sequences_that_are_all_too_long_are_one_line_with_the_length_to_ask_for():
    genes = ["ATG" + 499 * codon for codon in ("ACG", "TGC", "CCA")]
    with pytest.raises(
        DataError, match=r"all 3 sequences have more than 1,024 symbols, item 0 \(1,500\), .*: --length 1500"
    ):
        read(genes)
    assert read(genes, length=1500).spec.shape == (1500,)
    with pytest.raises(DataError, match="2 of 3 sequences have more than 1,024 symbols"):
        read([*genes[:2], "ATGACGTGCCCA"])
    long = ["AC" * 100_001, "GT" * 100_001]  # longer than what is taken for a chromosome
    with pytest.raises(DataError, match="200,002 characters in one: cut it into sequences, or give a --length"):
        read(long, alphabet="dna")
    assert read(long, alphabet="dna", length=200_002).spec.shape == (200_002,)


def test_what_is_odd_and_kept_is_named():
    gapped = 5 * [f"{g[:6]}-{g[6:]}" for g in GENES]
    data = read([*gapped, *5 * GENES])
    assert len(data) == 40 and data.spec.vocabulary == (*"ACGT", "-")
    odd = "20 sequences have a gap (-), which is kept as a letter beside those of DNA: item 0, item 1, item 2"
    assert any(note.startswith(odd) for note in data.notes) and str(check(data)).count(odd) == 1
    stops = read(5 * [f"{p[:5]}*{p[5:]}" for p in PROTEINS])
    assert any(note.startswith("20 sequences have a stop (*), which is kept") for note in stops.notes)
    mixed = read(
        [*20 * GENES, *PROTEINS, *PROTEINS[:2]], alphabet="dna"
    )  # K, M and V are in one in twenty, of proteins
    assert mixed.spec.vocabulary == tuple("ACGT") and not mixed.odd and len(mixed.left_out) == 6
    signs = read([*LINES, "a dog\x1b runs", "a c\ufffdt", "a red \u200bcat"])
    assert (
        list(signs.odd.values()) == [["item 5", "item 6", "item 7"]] and "(U+001B, U+200B, U+FFFD)" in [*signs.odd][0]
    )
    assert not read(["I ❤️ 👨‍👩‍👧 🇩🇪👍🏽", "नमस्ते दुनिया"]).odd


@pytest.mark.parametrize(
    "name, content, said",
    [
        ("one.txt", "alone\n", "has one sequence only to learn from (each line is one)"),
        ("empty.txt", "\n\n\n", "has no sequences to learn from (each line is one)"),
        ("letters.txt", "aaaaaaaaaaaa\naaaaaaaaaaaaaaa\n", "written in one symbol, 'a'"),
        ("numbers.jsonl", '{"n": 1}\n{"n": 2}\n', "has no column in which all is text; it has n (1, …)"),
        ("x.docx", "PK", "save its text as .txt"),
        ("same.txt", "aaaa\naa\n", "written in one symbol, 'a'"),
        ("binary.txt", b"\x00\x01\x02", "no text, but binary data"),
        ("bad.txt.gz", b"no gzip", "cannot be read"),
    ],
)
def test_bad_files_are_one_line_and_no_training(tmp_path, capsys, name, content, said):
    assert main(["train", str(put(tmp_path / name, content)), "--steps", "1"]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_bad_options():
    for options, said in (
        ({"alphabet": "dnaa"}, "Did you mean dna"), ({"length": 1}, "length=1: give a whole number"),
        ({"vocabulary": "many"}, "vocabulary=many"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=said):
            read(LINES, form="symbols", **options)


def test_the_check_names_duplicates_lengths_and_letters():
    found = str(check(read([*GENES, GENES[0]] + 5 * [GENES[1]])))
    assert "item 0 = item 4" in found and "lengths 9 to 15, median 12" in found and "letters: A " in found


def test_the_check_says_which_genes_are_no_reading_frames():
    broken = ["ATGACGTAAGGGTAA", "CTGACGTAA", "ATGACGACG", "ATGACGTA", "AUGUAA"]
    found = str(check([*5 * GENES, *broken]))
    assert "21 of 25 are open reading frames: item 20 has a stop at 7, item 21 begins with CTG, not with ATG" in found
    assert "item 22 ends in ACG, not in a stop and 1 more" in found
    assert "20 of 20 are open reading frames" in str(check(5 * GENES))
    for gene in [*GENES, *broken[:-1], "ATG", "ATGTGA"]:
        valid = measures.valid_frames(ids([1 + "ACGT".index(x) for x in gene], steps=15), tuple("ACGT"))[0]
        assert valid == (measures.broken_frame(gene) == ""), gene


def test_other_data_is_read_in_the_same_numbers(tmp_path):
    data = read(LINES)
    other = data.spec.like(read(["the cat runs", "a dog"]))
    assert data.spec.texts(other.raw([0, 1])) == ["the cat runs", "a dog"]
    with pytest.raises(DataError, match="' blue', which is new"):
        data.spec.like(read(["the blue cat", "a dog"]))


def test_texts_that_a_spreadsheet_would_run_are_said_and_kept_from_it(tmp_path):
    (tmp_path / "x.txt").write_text("=cmd() x\nplain words\n" * 30)
    data = read(tmp_path / "x.txt")
    assert "--safe-csv: =cmd() x" in str(check(data))
    for safe, first in ((True, "'=cmd() x"), (False, "=cmd() x")):
        write_samples(data.raw([0, 1]), str(tmp_path / "x.csv"), data.spec, safe=safe)
        assert (tmp_path / "x.csv").read_text().splitlines()[1] == first


# --- writing and showing ---------------------------------------------------------------------------------------------
def test_written_files_are_read_again(tmp_path):
    data = read(6 * GENES)
    items = data.raw(np.arange(4))
    for name in ("x.txt", "x.csv", "x.jsonl"):
        path = write_samples(
            items, str(tmp_path / name), data.spec, labels=["a", "b", "a", "b"] if "csv" in name else None
        )
        again = read(path, **({"column": "sequence"} if "txt" not in name else {}), alphabet="dna")
        assert again.spec.texts(again.raw(np.arange(4))) == GENES
    assert (tmp_path / "x.csv").read_text().startswith("sequence,label\nATGAAACCCTAA,a\n")
    write_samples(items, str(tmp_path / "x.fasta"), data.spec)
    assert (tmp_path / "x.fasta").read_text().startswith(">made_1\nATGAAACCCTAA\n>made_2\n")
    Bio = pytest.importorskip("Bio.SeqIO", reason="pip install 'gansmith[bio]'")
    assert [str(r.seq) for r in Bio.parse(tmp_path / "x.fasta", "fasta")] == GENES
    assert data.spec.preview(items).shape[2] == 3
    data.spec.keep(items, tmp_path / "0001")
    assert data.spec.played(tmp_path / "0001")[0][1].decode().split() == GENES


def test_likelihoods_of_the_preview_are_those_of_counts():
    form = Symbols.of_ids(np.array([[1, 2, 0], [1, 1, 2]]), "ab")
    once, pair = {0: 2.5, 1: 3.5, 2: 2.5}, {(1, 2): 2, (1, 1): 1, (2, 0): 1}
    chance = lambda a, b: 0.7 * pair.get((a, b), 0) / (3 if a == 1 else 2) + 0.3 * once[b] / 8.5  # noqa: E731
    wanted = (log(once[1] / 8.5) + log(chance(1, 2)) + log(chance(2, 0))) / 3
    assert form.likelihoods(np.array([[1, 2, 0]]))[0] == pytest.approx(wanted)


# --- measures --------------------------------------------------------------------------------------------------------
def ids(*rows, steps=6):
    return np.array([[*row, *[0] * (steps - len(row))] for row in rows])


def test_bleu_by_hand():
    """Of 1 2 3 against 1 2 4 and 2 3: unigrams 3/3 ("4" is none), bigrams 2/2, trigrams 0/1 -> 0.1."""
    references = ids((1, 2, 4), (2, 3))
    assert measures.bleu(ids((1, 2, 3)), references, 4) == pytest.approx(exp((log(1) + log(1) + log(0.1)) / 3))
    assert measures.bleu(ids((1, 2, 4)), references, 4) == pytest.approx(1)
    assert measures.bleu(ids((1, 1, 1)), references, 4, order=1) == pytest.approx(1 / 3)  # clipped
    assert measures.bleu(ids((1, 2)), ids((1, 2, 3, 4)), 4, order=1) == pytest.approx(exp(1 - 4 / 2))  # brevity
    same, apart = ids((1, 2, 3), (1, 2, 3)), ids((1, 2, 3), (4, 5, 6))
    assert measures.bleu(same, None, 6) == pytest.approx(1) and measures.bleu(apart, None, 6) < 0.1


def test_shares_of_n_grams_by_hand():
    real, fake = ids((1, 2, 3), (2, 1)), ids((1, 2, 1), (3, 3))
    assert measures.precision(real, fake, 2, 3) == pytest.approx(2 / 3)
    assert measures.distinct(ids((1, 2, 1, 2)), 2, 3) == pytest.approx(2 / 3)
    np.testing.assert_allclose(distribution(ids((1, 2, 1)), 2, 2), [0, 0.5, 0.5, 0])
    np.testing.assert_allclose(distribution(ids((1, 2, 1, 1, 1, 1)), 3, 2, step=3)[[2, 0]], [0.5, 0.5])
    assert measures.divergence(np.array([1.0, 0]), np.array([0, 1.0])) == pytest.approx(log(2))


def test_a_model_of_n_grams_adds_up_to_one_and_knows_its_data():
    rng = np.random.default_rng(0)
    x = ids(*(rng.integers(1, 3, 4) for _ in range(20)), steps=4)
    model = NGramModel(x, 2)
    everything = [(), *((a,) for a in (1, 2)), *((a, b) for a in (1, 2) for b in (1, 2))]
    rows = ids(*everything, steps=2)
    likely = model.log_likelihoods(rows)
    assert np.exp(likely[:, :1].sum(1))[[0, 1, 2]].sum() == pytest.approx(1)  # the end, 1 or 2 at first
    after = np.exp(likely[[1, 3, 4], 1]).sum()  # after a 1: the end, 1 or 2
    assert after == pytest.approx(1) and model.perplexity(x) < 3


def test_what_a_model_of_n_grams_draws_is_as_likely_as_it_says():
    data = ids(*(5 * [(1, 2, 1), (1, 1), (2, 1, 1, 2)]), steps=4)
    model = NGramModel(data, 2, weight=1)
    made, counts = np.unique(model.draw(4000, 4, np.random.default_rng(0)), axis=0, return_counts=True)
    likely = np.exp(model.log_likelihoods(made)[:, 1:].sum(1))  # after the first, which is one of the data's
    chance = np.where(made[:, 0] == 1, 2 / 3, 1 / 3) * likely
    np.testing.assert_allclose(counts / 4000, chance / chance.sum(), atol=0.025)  # of those that end in time
    assert len(made) > 5 and (made[:, 0] > 0).all() and not (made[:, 1:] > 0)[made[:, :-1] == 0].any()


def test_edit_distances_and_reading_frames():
    assert measures.edit_distances(ids((1, 2, 3), (1, 1), (1, 2)), ids((2, 3), (1, 1), (2, 1, 2, 3))).tolist() == [
        1,
        0,
        2,
    ]
    number = {letter: i for i, letter in enumerate("ACGT", 1)}
    genes = ["ATGAAATAA", "ATGTAATAA", "ATGAAAAA", "CTGAAATAA", "ATGAAAAAA", "ATGTGA"]
    rows = ids(*([number[x] for x in gene] for gene in genes), steps=10)
    assert measures.valid_frames(rows, tuple("ACGT")).tolist() == [True, False, False, False, False, True]
    assert measures.identities(rows, rows[:2], 4).tolist() == [1, 1]


def test_measures_like_real_data_and_dislike_the_shuffled_control():
    rng = np.random.default_rng(0)
    codon = ["".join(c) for c in rng.choice(list("ACG"), (12, 3))]
    genes = ["ATG" + "".join(rng.choice(codon, rng.integers(5, 12))) + "TAA" for _ in range(300)]
    data = read(genes)
    x = data.raw(np.arange(300))
    floor = data.spec.measures(x[:150], x[150:])
    control = data.spec.measures(x[:150], data.spec.shuffled(x[150:], rng))
    assert (
        np.array_equal(np.sort(data.spec.shuffled(x, rng)), np.sort(x))
        and (lengths_of(data.spec.shuffled(x, rng)) == lengths_of(x)).all()
    )
    assert floor["valid reading frames, share"] > 0.9 > 0.1 > control["valid reading frames, share"]
    assert 3 * floor["divergence of codons in frame (nats)"] < control["divergence of codons in frame (nats)"]
    assert "nearer to chance" in data.spec.says(control, floor, control) and floor.keys() == control.keys()
    spaces = [space(data.spec.numbers(x)) for space in data.spec.features()]
    assert [s.shape[0] for s in spaces] == [300, 300] and all(np.isfinite(s).all() for s in spaces)
