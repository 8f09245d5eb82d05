using Kist.Formats.Sops.Stores;
using Kist.Secrets;

namespace Kist.Formats.Sops;

/// <summary>How a tree is written.</summary>
/// <param name="YamlIndent">Blanks per level of YAML; sops' own are 4.</param>
/// <param name="JsonIndent">Blanks per level of JSON; -1 for a tab.</param>
/// <param name="BinaryIndent">The same for the JSON around a binary file.</param>
public sealed record SopsStyle(int YamlIndent = 4, int JsonIndent = -1, int BinaryIndent = -1);

/// <summary>
/// The content of a file: documents (more than one only in YAML) of keys and values in order. Disposing it zeroes the
/// bytes of all values.
/// </summary>
public sealed class SopsTree : IDisposable
{
    internal SopsTree(List<SopsValue> documents, SecretArena arena) => (Documents, Arena) = (documents, arena);

    /// <summary>The documents, each a branch.</summary>
    public List<SopsValue> Documents { get; }

    internal SecretArena Arena { get; }

    /// <summary>Reads plain text.</summary>
    /// <param name="file">The name for messages.</param>
    public static SopsOutcome<SopsTree> Load(ReadOnlySpan<byte> bytes, SopsFormat format, string file)
    {
        if (Store.LoadPlain(bytes, format).Try(out var tree, out var fault)) return tree;
        return fault with { File = fault.File ?? file };
    }

    /// <summary>The tree as plain text in a format; a fault where the format has no form for what is in it. The caller
    /// disposes the text.</summary>
    public SopsOutcome<SecretWriter> Write(SopsFormat format, SopsStyle style) =>
        Store.WritePlain(this, format, style);

    /// <summary>One value as <c>--extract</c> prints it: a text as it is, a branch as a document, others as values of
    /// the format.</summary>
    public SopsOutcome<SecretWriter> Extract(TreePath path, SopsFormat format, SopsStyle style) =>
        path.Find(Documents[0]).Try(out var value, out var fault) ? Store.WriteValue(value, format, style) : fault;

    /// <summary>Whether the file is encrypted already: a key <c>sops</c>, or in dotenv one that begins with
    /// <c>sops_</c>.</summary>
    public bool HasMetadata(SopsFormat format) => Documents.Any(d => d.Branch.Any(i => format == SopsFormat.Dotenv
        ? i.Key.StartsWith(Store.DotenvPrefix, StringComparison.Ordinal) : i.Key == Store.MetadataName));

    /// <summary>Sets the value at a path of the first document, and makes what is missing on the way to it.</summary>
    /// <param name="json">The value in JSON; its bytes are copied.</param>
    /// <returns>Whether something changed.</returns>
    public SopsOutcome<bool> Set(TreePath path, ReadOnlySpan<byte> json)
    {
        if (!JsonStore.Value(json, Arena).Try(out var value, out _))
            return new SopsFault(SopsExit.SetFormat, "the value is not valid JSON; a text stands in double quotes");
        return path.Set(Documents, value);
    }

    /// <summary>Removes the value at a path of the first document; false where there is none.</summary>
    public SopsOutcome<bool> Unset(TreePath path) => path.Unset(Documents);

    /// <summary>Zeroes the values.</summary>
    public void Dispose() => Arena.Dispose();
}
