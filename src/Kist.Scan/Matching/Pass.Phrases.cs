namespace Kist.Scan.Matching;

/// <summary>Recovery phrases of wallets: words of one list, behind a name for them, or alone on a line.</summary>
internal ref partial struct Pass
{
    private const int PhraseWindow = 80, MostWords = 40, MaxBetween = 6;

    // A file in which somebody keeps a phrase without a word about it is short.
    private const int MaxBare = 16 << 10, MinPhrase = 47, MaxPhraseLine = 320;

    private static readonly ByteSet s_betweenWords = ByteSet.Of(" \t\r\n,;\"'`.:)0-9_-");

    private void Mnemonic(int at)
    {
        if (!_index.Finders.ContainsKey("mnemonic")) return;
        Span<PhraseWord> words = stackalloc PhraseWord[MostWords];
        for (var p = 4; p < PhraseWindow && at + p < _text.Length; p++)
        {
            if (!IsLetter(_text[at + p]) || IsLetter(_text[at + p - 1])) continue;
            var run = words[..PhraseRun(at + p, words)];
            if (run.Length >= RecoveryPhrase.MinWords)
            {
                // Words of the sentence before it may be words of the list: then the hash tells where it begins.
                if (!PhraseIn(run, "follow the name of a recovery phrase") && RecoveryPhrase.IsLength(run.Length)
                    && IsPlain(run)) AddPhrase(run, isRight: false, "follow the name of a recovery phrase");
                return;
            }
            if (run.Length > 0) p = run[^1].End - at;
        }
    }

    // Lines that hold nothing else, and files of one word a line: only with the right hash.
    private void Phrases()
    {
        if (_text.Length is < MinPhrase or > MaxBare || !_index.Finders.ContainsKey("mnemonic")) return;
        Span<PhraseWord> words = stackalloc PhraseWord[MostWords];
        for (var start = 0; start < _text.Length;)
        {
            var length = _text[start..].IndexOf((byte)'\n');
            if (length < 0) length = _text.Length - start;
            if (length is >= MinPhrase and <= MaxPhraseLine) BareLine(start, start + length, words);
            start += length + 1;
        }
        if (_text.Length > MaxPhraseLine || _text.Count((byte)'\n') < RecoveryPhrase.MinWords - 1) return;
        var first = _text.IndexOfAnyInRange((byte)'a', (byte)'z');
        if (first < 0 || _text[..first].IndexOfAnyExcept(" \t\r\n1.)"u8) >= 0) return;
        var run = words[..PhraseRun(first, words)];
        if (run.Length > 0 && _text[run[^1].End..].IndexOfAnyExcept(" \t\r\n"u8) < 0)
            PhraseIn(run, "stand alone in a file");
    }

    private void BareLine(int start, int end, scoped Span<PhraseWord> words)
    {
        var line = _text[start..end].TrimEnd(" \t\r\"'`,;."u8);
        if (line.Count((byte)' ') < RecoveryPhrase.MinWords - 1) return;
        var from = line.LastIndexOfAnyExcept(s_wordsAndBlanks) + 1;
        while (from < line.Length && line[from] == (byte)' ') from++;
        if (line.Length - from < MinPhrase) return;
        var run = words[..PhraseRun(start + from, words)];
        if (run.Length > 0 && run[^1].End == start + line.Length && RecoveryPhrase.IsLength(run.Length))
            PhraseIn(run, "stand alone on a line");
    }

    private static readonly System.Buffers.SearchValues<byte> s_wordsAndBlanks =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz "u8);

    // The words of the list that follow each other from here on, all with the same between them.
    private readonly int PhraseRun(int at, scoped Span<PhraseWord> words)
    {
        var (count, between) = (0, 0UL);
        while (count < words.Length && at < _text.Length)
        {
            var end = at;
            while (end < _text.Length && end - at < 9 && IsLetter(_text[end])) end++;
            var number = RecoveryPhrase.NumberOf(_text[at..end]);
            if (number < 0) break;
            words[count++] = new PhraseWord(at, end, number);
            at = end + s_betweenWords.RunLength(_text[end..Math.Min(_text.Length, end + MaxBetween)]);
            if (at == end || at >= _text.Length || !IsLetter(_text[at])) break;
            var next = Between(_text[end..at]);
            if (count > 1 && next != between) break;
            between = next;
        }
        return count;
    }

    // What stands between two words, any number as one figure and any blanks as one.
    private static ulong Between(ReadOnlySpan<byte> text)
    {
        var shape = 0UL;
        foreach (var one in text)
        {
            var sign = char.IsAsciiDigit((char)one) ? (byte)'0' : s_blank.Contains(one) ? (byte)' ' : one;
            if ((byte)shape != sign) shape = shape << 8 | sign;
        }
        return shape;
    }

    // A part of the run, at its beginning or its end, whose hash is right.
    private bool PhraseIn(scoped ReadOnlySpan<PhraseWord> run, string where)
    {
        Span<int> numbers = stackalloc int[RecoveryPhrase.MaxWords];
        for (var length = RecoveryPhrase.MaxWords; length >= RecoveryPhrase.MinWords; length -= 3)
        {
            if (length > run.Length) continue;
            foreach (var from in (ReadOnlySpan<int>)[run.Length - length, 0])
            {
                var part = run.Slice(from, length);
                for (var i = 0; i < length; i++) numbers[i] = part[i].Number;
                if (!RecoveryPhrase.HasRightSum(numbers[..length])) continue;
                AddPhrase(part, isRight: true, where);
                return true;
            }
        }
        return false;
    }

    private void AddPhrase(scoped ReadOnlySpan<PhraseWord> words, bool isRight, string where)
    {
        var rule = _index.Finders["mnemonic"];
        Span<int> numbers = stackalloc int[words.Length];
        for (var i = 0; i < words.Length; i++) numbers[i] = words[i].Number;
        var against = RecoveryPhrase.IsPublished(numbers) ? "it is an example of the standard"
            : _setting.IsTest ? "it lies among tests and examples" : null;
        Add(new Hit(
            rule, words[0].Start, words[^1].End, isRight ? rule.Rule.Severity : Severity.Medium,
            isRight ? Confidence.High : Confidence.Medium,
            $"{words.Length} words of the list of BIP-39 {where}; their checksum is {(isRight ? "right" : "wrong")}",
            against));
    }

    // One blank between the words.
    private static bool IsPlain(scoped ReadOnlySpan<PhraseWord> words)
    {
        for (var i = 1; i < words.Length; i++)
            if (words[i].Start != words[i - 1].End + 1) return false;
        return true;
    }

    private readonly record struct PhraseWord(int Start, int End, int Number);
}
