using Kist.Formats.Sops;

namespace Kist.Fuzz;

/// <summary>The parsers of SOPS files: of every format, plain and encrypted.</summary>
internal static class SopsTargets
{
    public static void Yaml(ReadOnlySpan<byte> bytes) => Use(bytes, SopsFormat.Yaml);

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
