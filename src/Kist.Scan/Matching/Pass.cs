using System.Buffers.Binary;
using System.Text;
using Kist.Scan.Rules;

namespace Kist.Scan.Matching;

/// <summary>One run over one text.</summary>
internal ref partial struct Pass
{
    private const int NearWindow = 200;

    // As many places are looked for at once: a multiple of the filter's width.
    private const int Stretch = 16 * GramFilter.Width;

    private readonly ReadOnlySpan<byte> _text;
    private readonly RuleIndex _index;
    private readonly Setting _setting;
    private int _assignedTo;

    /// <summary>A run over this text.</summary>
    public Pass(ReadOnlySpan<byte> text, string path, RuleIndex index)
    {
        _text = text;
        _index = index;
        _setting = Setting.Of(path);
    }

    /// <summary>What was found, and when explaining also what was not; null when nothing was.</summary>
    public List<Hit>? Hits { get; private set; }

    /// <summary>Whether hits that are no findings are kept too.</summary>
    public bool IsExplaining { get; init; }

    /// <summary>Runs.</summary>
    public void Run()
    {
        var grams = _index.Grams;
        Span<int> places = stackalloc int[Stretch];
        for (var from = 0; from <= _text.Length - 4; from += Stretch)
        {
            var count = grams.Find(_text, from, Math.Min(from + Stretch, _text.Length - 3), places);
            foreach (var at in places[..count]) Look(grams, Eight(at), at);
        }
        Runs();
        Phrases();
        if (_setting.IsPgPass) PgPass();
    }

    private void Look(GramIndex grams, ulong eight, int at)
    {
        for (var link = grams.First(eight); link != 0;)
        {
            (var target, link) = grams.Follow(link, eight);
            var (probe, index) = RuleIndex.Read(target);
            Look(probe, index, at);
        }
    }

    private readonly ulong Eight(int at) =>
        at + 8 <= _text.Length ? BinaryPrimitives.ReadUInt64LittleEndian(_text[at..]) : LastEight(at);

    private readonly ulong LastEight(int at)
    {
        Span<byte> last = stackalloc byte[8];
        last.Clear();
        _text[at..].CopyTo(last);
        return BinaryPrimitives.ReadUInt64LittleEndian(last);
    }

    private void Look(Probe probe, int index, int at)
    {
        switch (probe)
        {
            case Probe.Pattern: Pattern(_index.Rules[index], at); break;
            case Probe.Near: Near(index, at); break;
            case Probe.Assignment: Assign(at); break;
            case Probe.Pem: Pem(at); break;
            case Probe.Url: Url(at); break;
            case Probe.Header: Header(at); break;
            case Probe.Netrc: Netrc(at); break;
            case Probe.Docker: Docker(at); break;
            case Probe.Kubernetes: Kubernetes(at); break;
            case Probe.Command: Command(at); break;
            case Probe.Mnemonic: Mnemonic(at); break;
            case Probe.Crypt: Crypt(at); break;
            case Probe.Service: Service(_index.Services[index], at); break;
        }
    }

    private void Pattern(RuleEntry rule, int at)
    {
        if (!rule.Pattern!.TryMatch(_text, at, out var match)) return;
        var secret = _text[match.SecretStart..match.SecretEnd];
        var drawn = Drawn(rule.Pattern, secret);
        var against = Placeholders.InToken(drawn) ?? Poor(drawn, rule.Pattern.IsDistinct)
            ?? (_setting.IsNoise && !rule.Pattern.IsDistinct ? "files of this kind are full of such text" : null);
        var verdict = rule.Check is { } check ? Checks.Run(check, secret) : default;
        against ??= verdict.Against;
        if (match.End < _text.Length && _text[match.End] is (byte)'*' or (byte)'#') against ??= "it is masked";
        if (against is null && _setting.IsTest && rule.Check != "github" && !rule.Pattern.IsDistinct)
            against = "it lies among tests and examples";
        var severity = verdict.IsWrong && rule.Rule.Severity > Severity.Low ? Severity.Low : rule.Rule.Severity;
        var why = $"it has the shape of {rule.Rule.Provider}: {rule.Rule.What}{verdict.Note}";
        var confidence = rule.Pattern.IsDistinct ? Confidence.High : Confidence.Medium;
        Add(new Hit(rule, match.SecretStart, match.SecretEnd, severity, confidence, why, against));
    }

    // The part of a token that was drawn at random: without the texts that its pattern begins with.
    private static ReadOnlySpan<byte> Drawn(Pattern pattern, ReadOnlySpan<byte> secret)
    {
        if (pattern.FromAnchor[0] is not { IsText: true } first) return secret;
        var length = first.MatchText(secret);
        return length > 0 && length < secret.Length ? secret[length..] : secret;
    }

    private static string? Poor(ReadOnlySpan<byte> drawn, bool isDistinct)
    {
        var shape = Shape.Of(drawn);
        if (Randomness.Entropy(drawn) < (drawn.Length < 16 ? 2 : 2.4)) return "it has too little entropy";
        var isMixed = shape.Upper >= 3 && shape.Lower >= 3;
        if (shape.Digits == 0 && drawn.Length >= 12 && Randomness.Wordiness(drawn) > (isMixed ? 0.78 : 0.62))
            return "it reads like words";
        if (isDistinct) return null;
        if (Placeholders.IsSequence(drawn)) return "it counts up";
        return drawn.Length >= 24 && shape is { Digits: 0, IsHex: false } && (shape.Upper < 3 || shape.Lower < 3
            || Randomness.Wordiness(drawn) > 0.55) ? "it has no digits" : null;
    }

    private void Near(int index, int at)
    {
        var (word, rule) = _index.Near(index);
        if (at + word.Length > _text.Length || !Ascii.EqualsIgnoreCase(_text.Slice(at, word.Length), word)) return;
        if (at > 0 && IsLetter(_text[at - 1]) && !(IsUpper(_text[at]) && !IsUpper(_text[at - 1]))) return;
        NearAfter(rule, word, at + word.Length);
        NearBefore(rule, word, at);
    }

    // "Use `…` as the heroku_api_key": the value stands in quotes before the word, in the same line.
    private void NearBefore(RuleEntry rule, byte[] word, int at)
    {
        var from = Math.Max(0, at - NearWindow);
        from += _text[from..at].LastIndexOf((byte)'\n') + 1;
        var close = _text[from..at].LastIndexOfAny((byte)'`', (byte)'"', (byte)'\'');
        if (close < 10) return;
        var open = _text[from..(from + close)].LastIndexOf(_text[from + close]);
        if (open >= 0 && close - open > 10) NearValue(rule, word, from + open + 1, close - open - 1);
    }

    private void NearAfter(RuleEntry rule, byte[] word, int offset)
    {
        var window = _text[offset..Math.Min(_text.Length, offset + NearWindow)];
        var lines = 0;
        for (var p = 0; p < window.Length && lines < 3;)
        {
            if (!ByteSet.Token.Contains(window[p]) || window[p] is (byte)'=' or (byte)':')
            {
                if (window[p++] == (byte)'\n') lines++;
                continue;
            }
            var length = WordLength(window[p..]);
            if (p > 0 && length >= 10) NearValue(rule, word, offset + p, length);
            p += length;
        }
    }

    private void NearValue(RuleEntry rule, byte[] word, int start, int length)
    {
        var value = _text.Slice(start, length);
        if (!rule.Value!.IsWhole(value))
        {
            var trimmed = value.TrimEnd(".,:;~/"u8);
            if (trimmed.Length == value.Length || !rule.Value.IsWhole(trimmed)) return;
            value = trimmed;
        }
        var against = Placeholders.InToken(value) ?? Poor(value, isDistinct: true)
            ?? (Randomness.Entropy(value) < 2.7 ? "it has too little entropy" : null)
            ?? (IsDotted(value) ? "it is a name with hyphens" : null) ?? Elsewhere(start)
            ?? (_setting.IsNoise ? "files of this kind are full of such text" : null)
            ?? (_setting.IsTest ? "it lies among tests and examples" : null);
        var why = $"it has the shape of {rule.Rule.Provider}: {rule.Rule.What}, and '{Encoding.ASCII.GetString(word)}' "
            + "stands before it";
        Add(new Hit(rule, start, start + value.Length, rule.Rule.Severity, Confidence.Medium, why, against));
    }

    // What stands right before a value and makes it something else.
    private readonly string? Elsewhere(int start)
    {
        var before = _text[Math.Max(0, start - 48)..start];
        before = before[(before.LastIndexOf((byte)'\n') + 1)..];
        if (before.EndsWith("commit "u8) || before.EndsWith("commits "u8)) return "it names a commit";
        return before.IndexOf(".svg?"u8) >= 0 ? "it is the token of a badge, which anybody may see" : null;
    }

    // A run of what tokens are made of; an equals sign ends it unless nothing but such signs follow, and so does a
    // colon.
    private static int WordLength(ReadOnlySpan<byte> text)
    {
        var length = 0;
        while (length < text.Length && ByteSet.Token.Contains(text[length])
            && text[length] is not ((byte)'=' or (byte)':'))
            length++;
        var end = length;
        while (end < text.Length && end < length + 2 && text[end] == (byte)'=') end++;
        return end == text.Length || !ByteSet.Token.Contains(text[end]) ? end : length;
    }

    private void Add(Hit hit)
    {
        if (hit.Against is null || IsExplaining) (Hits ??= []).Add(hit);
    }
}
