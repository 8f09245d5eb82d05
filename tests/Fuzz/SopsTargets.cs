using Kist.Formats.Sops;

namespace Kist.Fuzz;

/// <summary>The parsers of SOPS files: of every format, plain and encrypted.</summary>
internal static class SopsTargets
{
    /// <summary>What is read, written and read again is the same.</summary>
    public static void Yaml(ReadOnlySpan<byte> bytes)
    {
        Use(bytes, SopsFormat.Yaml);
        if (!SopsTree.Load(bytes, SopsFormat.Yaml, "file").Try(out var tree, out _)) return;
        using (tree)
        {
            if (!tree.Write(SopsFormat.Yaml, new SopsStyle()).Try(out var text, out var fault))
                throw new InvalidOperationException("it cannot be written: " + fault);
            using (text)
            {
                if (!SopsTree.Load(text.WrittenSpan, SopsFormat.Yaml, "file").Try(out var again, out fault))
                    throw new InvalidOperationException("what was written cannot be read: " + fault);
                using (again)
                {
                    if (tree.Documents.Count != again.Documents.Count
                        || !tree.Documents.Zip(again.Documents).All(p => Same(p.First, p.Second)))
                        throw new InvalidOperationException("what was written reads as something else");
                }
            }
        }
    }

    // Comments may move. A whole number that was written as 2.0 is written as 2.
    private static bool Same(SopsValue a, SopsValue b) => a.Kind switch
    {
        SopsKind.Branch when b.Kind == SopsKind.Branch => Items(a).Select(i => i.Key).SequenceEqual(
            Items(b).Select(i => i.Key)) && Items(a).Zip(Items(b)).All(p => Same(p.First.Value, p.Second.Value)),
        SopsKind.List when b.Kind == SopsKind.List => Values(a).Count() == Values(b).Count()
            && Values(a).Zip(Values(b)).All(p => Same(p.First, p.Second)),
        SopsKind.Float => a.Float.Equals(b.Kind switch
        {
            SopsKind.Float => b.Float,
            SopsKind.Integer => b.Integer,
            _ => double.Parse(b.Bytes.Span, System.Globalization.CultureInfo.InvariantCulture),
        }) || a.Float == 0,
        _ => a.Kind == b.Kind && a.Integer == b.Integer && a.Bytes.Span.SequenceEqual(b.Bytes.Span),
    };

    private static IEnumerable<SopsItem> Items(SopsValue branch) => branch.Branch.Where(i => !i.IsComment);

    private static IEnumerable<SopsValue> Values(SopsValue list) => list.List.Where(v => v.Kind != SopsKind.Comment);

    public static void Json(ReadOnlySpan<byte> bytes) => Use(bytes, SopsFormat.Json);

    public static void Dotenv(ReadOnlySpan<byte> bytes) => Use(bytes, SopsFormat.Dotenv);

    public static void Ini(ReadOnlySpan<byte> bytes) => Use(bytes, SopsFormat.Ini);

    public static void Binary(ReadOnlySpan<byte> bytes) => Use(bytes, SopsFormat.Binary);

    /// <summary>Paths and regular expressions, which come from people.</summary>
    public static void Words(ReadOnlySpan<byte> bytes)
    {
        var text = System.Text.Encoding.UTF8.GetString(bytes);
        TreePath.Parse(text);
        SopsRules.Of(SopsSelection.EncryptedRegex, text);
    }

    private static void Use(ReadOnlySpan<byte> bytes, SopsFormat format)
    {
        using var key = DataKey.New();
        if (SopsFile.Load(bytes, format, "file").Try(out var file, out _))
        {
            file.Decrypt(key).Value?.Dispose();
            file.Write(new SopsStyle());
        }
        if (!SopsTree.Load(bytes, format, "file").Try(out var tree, out _)) return;
        using (tree)
        {
            foreach (var other in Enum.GetValues<SopsFormat>()) tree.Write(other, new SopsStyle()).Value?.Dispose();
            var metadata = new SopsMetadata { Groups = [], Rules = SopsRules.Default };
            SopsFile.Encrypt(tree, metadata, key, format, "file", DateTimeOffset.UnixEpoch)
                .Value?.Write(new SopsStyle());
        }
    }
}
