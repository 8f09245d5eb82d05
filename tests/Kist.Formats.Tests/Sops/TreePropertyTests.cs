using System.Text;
using CsCheck;
using Kist.Formats.Sops;

namespace Kist.Formats.Tests.Sops;

/// <summary>What must hold for every tree, whatever is in it.</summary>
public sealed class TreePropertyTests
{
    private static readonly SopsMetadata s_metadata = new()
    {
        Groups = [new KeyGroup([new AgeMasterKey("age1example", "enc\n")])],
        Rules = SopsRules.Default,
    };

    private static readonly string[] s_words =
    [
        "", "~", "null", "true", "Yes", "n", "0x1F", "1_000", "0o7", "1e3", ".5", ".inf", "2024-01-02",
        "12:30:45", "<<", "=", "---", "--- a", "...", "a: b", "- a", "#c", "a #b", " lead", "trail ", "\n", "a\n",
        "a\n\n", "\na", " a\nb", "a \nb", "a\r\nb", "\ud83d\udd10 key",
        "ENC[AES256_GCM,data:", "-", "?", "+", "08",
    ];

    /// <summary>Texts with what is hard to write: line ends, blanks at both ends, quotes, signs, words that mean
    /// something, letters beyond the basic plane.</summary>
    private static readonly Gen<string> s_texts = Gen.OneOf(
        Gen.String[Gen.Char["abcxyz 01.:#-'\"\\\n\t{}[],&*!|>%@`~=_\u00e9\u00a0\u0085\u2028\ufeff"], 0, 30],
        Gen.Int[0, s_words.Length - 1].Select(i => s_words[i]));

    private static readonly Gen<string> s_keys = Gen.OneOf(Gen.String[Gen.Char.AlphaNumeric, 1, 8],
        s_texts.Where(t => t != "sops"));

    private static readonly Gen<SopsValue> s_leaves = Gen.OneOf(
        s_texts.Select(Text),
        Gen.Long.Select(i => SopsValue.OfInteger(i)),
        Gen.Double.Where(d => double.IsFinite(d) && d != Math.Floor(d)).Select(d => SopsValue.OfFloat(d)),
        Gen.Bool.Select(b => SopsValue.OfBoolean(b)),
        Gen.Const(SopsValue.Null));

    private static Gen<SopsValue> Values(int depth) => depth == 0 ? s_leaves : Gen.Frequency(
        (5, s_leaves),
        (1, Values(depth - 1).List[0, 4].Select(v => SopsValue.OfList(v))),
        (2, Branches(depth - 1)));

    private static Gen<SopsValue> Branches(int depth) =>
        Gen.Select(s_keys, Values(depth)).List[0, 6].Select(pairs => SopsValue.OfBranch(
            [.. pairs.DistinctBy(p => p.Item1).Select(p => new SopsItem(p.Item1, p.Item2))]));

    private static readonly Gen<SopsValue> s_flat = Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 8],
        s_texts.Where(t => !t.Contains("\\n"))).List[1, 8].Select(pairs => SopsValue.OfBranch(
            [.. pairs.DistinctBy(p => p.Item1).Where(p => !p.Item1.StartsWith("sops"))
                .Select(p => new SopsItem(p.Item1, Text(p.Item2)))]));

    private static SopsValue Text(string text) => SopsValue.OfText(Encoding.UTF8.GetBytes(text));

    private static SopsTree Tree(SopsValue branch) => new([branch], new SecretArena());

    [Theory]
    [InlineData(SopsFormat.Yaml)]
    [InlineData(SopsFormat.Json)]
    public void A_tree_that_is_written_reads_back_as_the_same(SopsFormat format) =>
        Branches(3).Sample(branch => Same(branch, Read(Tree(branch).Write(format, new SopsStyle()).Bytes(), format)),
            iter: 2_000, threads: 1);

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void With_every_indentation_of_yaml_too(int indent) =>
        Branches(3).Sample(branch => Same(branch, Read(
            Tree(branch).Write(SopsFormat.Yaml, new SopsStyle(indent)).Bytes(), SopsFormat.Yaml)),
            iter: 500, threads: 1);

    [Fact]
    public void Flat_trees_read_back_from_dotenv_as_the_same() =>
        s_flat.Sample(branch => Same(branch, Read(
            Tree(branch).Write(SopsFormat.Dotenv, new SopsStyle()).Bytes(), SopsFormat.Dotenv)),
            iter: 1_000, threads: 1);

    [Theory]
    [InlineData(SopsFormat.Yaml)]
    [InlineData(SopsFormat.Json)]
    public void Encrypted_written_read_and_decrypted_it_is_the_same(SopsFormat format) =>
        Branches(3).Sample(branch =>
        {
            using var key = DataKey.New();
            var bytes = Encrypt(Tree(branch), key, format);
            Same(branch, Decrypt(bytes, key, format)!.Documents[0]);
        }, iter: 500, threads: 1);

    /// <summary>Every bit of every encrypted value and of the MAC: nothing of it can change without a
    /// refusal.</summary>
    [Theory]
    [InlineData(SopsFormat.Yaml)]
    [InlineData(SopsFormat.Json)]
    [InlineData(SopsFormat.Dotenv)]
    [InlineData(SopsFormat.Binary)]
    public void A_flipped_bit_in_what_is_authenticated_is_refused(SopsFormat format)
    {
        using var key = DataKey.New();
        var branch = format == SopsFormat.Binary
            ? SopsValue.OfBranch([new SopsItem("data", Text("some content\n"))])
            : SopsValue.OfBranch([new SopsItem("alpha", Text("first")), new SopsItem("beta", Text("second value"))]);
        var bytes = Encrypt(Tree(branch), key, format);
        var text = Encoding.Latin1.GetString(bytes);
        var flips = 0;
        for (var at = 0; (at = text.IndexOf("data:", at, StringComparison.Ordinal)) >= 0; at++)
        {
            var end = text.IndexOf(",type:", at, StringComparison.Ordinal);
            for (var i = at; i < end; i++)
            {
                for (var bit = 0; bit < 8; bit++)
                {
                    bytes[i] ^= (byte)(1 << bit);
                    // The last letter before the padding has bits that mean nothing.
                    if (!(text[i + 1] is '=' && i + 1 < end)) Assert.Null(Decrypt(bytes, key, format));
                    bytes[i] ^= (byte)(1 << bit);
                    flips++;
                }
            }
        }
        Assert.True(flips > 1000);
        Assert.NotNull(Decrypt(bytes, key, format));
    }

    [Fact]
    public void What_did_not_change_keeps_its_ciphertext() =>
        Branches(2).Where(b => b.Branch.Count > 0).Sample(branch =>
        {
            using var key = DataKey.New();
            var before = Encrypt(Tree(branch), key, SopsFormat.Yaml);
            var file = SopsFile.Load(before, SopsFormat.Yaml, "file").Value!;
            using var nonces = new NonceStash();
            using var tree = file.Decrypt(key, nonces: nonces).Value!;
            tree.Documents[0].Branch.Add(new SopsItem("added later", Text("new")));
            var again = SopsFile.Encrypt(
                tree, s_metadata, key, SopsFormat.Yaml, "file", DateTimeOffset.UnixEpoch, nonces)
                .Value!.Write(new SopsStyle()).Value!;
            var lines = Encoding.UTF8.GetString(again).Split('\n').ToHashSet();
            foreach (var line in Encoding.UTF8.GetString(before).Split('\n'))
                if (!line.StartsWith("    mac:") && !line.StartsWith("    lastmodified:")) Assert.Contains(line, lines);
        }, iter: 200, threads: 1);

    [Fact]
    public void A_hundred_thousand_keys_are_no_trouble()
    {
        var items = Enumerable.Range(0, 100_000).Select(i => new SopsItem("key" + i, SopsValue.OfInteger(i))).ToList();
        foreach (var format in (SopsFormat[])[SopsFormat.Yaml, SopsFormat.Json])
            Same(SopsValue.OfBranch(items), Read(Tree(SopsValue.OfBranch(items)).Write(format, new SopsStyle()).Bytes(),
                format));
    }

    [Theory]
    [InlineData("a: &a [x, x, x, x, x, x, x, x, x]", "[*{0}, *{0}, *{0}, *{0}, *{0}, *{0}, *{0}, *{0}, *{0}]", 9)]
    public void A_bomb_of_aliases_is_refused(string first, string next, int levels)
    {
        var text = new StringBuilder(first + "\n");
        for (var i = 1; i < levels; i++)
            text.Append((char)('a' + i)).Append(": &").Append((char)('a' + i)).Append(' ')
                .Append(next.Replace("{0}", ((char)('a' + i - 1)).ToString())).Append('\n');
        var fault = SopsTree.Load(Encoding.UTF8.GetBytes(text.ToString()), SopsFormat.Yaml, "bomb.yaml").Fault;
        Assert.Equal(SopsExit.Read, fault?.Exit);
        Assert.Contains("too many aliases", fault!.Message);
    }

    [Theory]
    [InlineData(SopsFormat.Json, "{\"a\":", "}")]
    [InlineData(SopsFormat.Yaml, "{a: ", "}")]
    public void A_bomb_of_depth_is_refused(SopsFormat format, string open, string close)
    {
        var text = string.Concat(Enumerable.Repeat(open, 3000)) + "1" + string.Concat(Enumerable.Repeat(close, 3000));
        Assert.Equal(SopsExit.Read, SopsTree.Load(Encoding.UTF8.GetBytes(text), format, "bomb").Fault?.Exit);
    }

    private static byte[] Encrypt(SopsTree tree, DataKey key, SopsFormat format)
    {
        var outcome = SopsFile.Encrypt(tree, s_metadata, key, format, "file", DateTimeOffset.UnixEpoch);
        Assert.True(outcome.Try(out var file, out var fault), fault?.ToString());
        Assert.True(file.Write(new SopsStyle()).Try(out var bytes, out fault), fault?.ToString());
        return bytes;
    }

    private static SopsTree? Decrypt(byte[] bytes, DataKey key, SopsFormat format) =>
        SopsFile.Load(bytes, format, "file").Value?.Decrypt(key).Value;

    private static SopsValue Read(byte[] bytes, SopsFormat format)
    {
        var outcome = SopsTree.Load(bytes, format, "file");
        Assert.True(outcome.Try(out var tree, out var fault), fault + "\n" + Escaped(bytes));
        return tree.Documents[0];
    }

    private static string Escaped(byte[] bytes) => string.Concat(Encoding.UTF8.GetString(bytes)
        .Select(c => c is '\n' or (>= ' ' and <= '~') ? c.ToString() : $"\\u{(int)c:x4}"));

    private static void Same(SopsValue expected, SopsValue actual)
    {
        if (TreePath.Same(expected, actual)) return;
        Assert.Equal(Encoding.UTF8.GetString(Tree(expected).Write(SopsFormat.Json, new SopsStyle()).Bytes()),
            Encoding.UTF8.GetString(Tree(actual).Write(SopsFormat.Json, new SopsStyle()).Bytes()));
        Assert.Fail("the trees differ");
    }
}
