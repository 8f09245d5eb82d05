namespace Kist.Scan.Rules;

/// <summary>The rules that come with Kist.</summary>
internal static class BuiltIn
{
    private static readonly Lazy<IReadOnlyList<RuleEntry>> s_all = new(Read);

    /// <summary>All of them, in the order of the files.</summary>
    public static IReadOnlyList<RuleEntry> All => s_all.Value;

    /// <summary>Names of services beside which keys stand, lower case.</summary>
    public static byte[][] Services => field ??= Lines("services.txt");

    /// <summary>The English words of BIP-39, in its order.</summary>
    public static byte[][] PhraseWords => field ??= Lines("bip39.txt");

    private static byte[][] Lines(string name)
    {
        var content = Resource(name);
        var lines = new List<byte[]>(800);
        foreach (var line in content.AsSpan().Split((byte)'\n'))
            if (!content.AsSpan()[line].IsEmpty) lines.Add(content[line]);
        return [.. lines];
    }

    private static byte[] Resource(string name)
    {
        using var stream = typeof(BuiltIn).Assembly.GetManifestResourceStream(name)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    private static List<RuleEntry> Read()
    {
        var assembly = typeof(BuiltIn).Assembly;
        var rules = new List<RuleEntry>(400);
        foreach (var name in assembly.GetManifestResourceNames())
        {
            if (!name.EndsWith(".rules", StringComparison.Ordinal)) continue;
            rules.AddRange(RuleFile.Read(name, Resource(name)));
        }
        return rules;
    }
}
