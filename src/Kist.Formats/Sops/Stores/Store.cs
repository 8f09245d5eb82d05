using Kist.Secrets;

namespace Kist.Formats.Sops.Stores;

/// <summary>What an encrypted file was read to.</summary>
internal sealed record LoadedFile(SopsTree Tree, SopsMetadata Metadata);

/// <summary>The way between bytes and trees, for each format.</summary>
internal static class Store
{
    /// <summary>Where metadata stand.</summary>
    public const string MetadataName = "sops";

    /// <summary>What the names of metadata begin with in dotenv.</summary>
    public const string DotenvPrefix = "sops_";

    /// <summary>Under which name a binary file is kept.</summary>
    public const string BinaryName = "data";

    public static SopsOutcome<SopsTree> LoadPlain(ReadOnlySpan<byte> bytes, SopsFormat format)
    {
        var arena = new SecretArena();
        var outcome = format == SopsFormat.Binary
            ? SopsOutcome<List<SopsValue>>.Of([Binary(arena.Copy(bytes))]) : Documents(bytes, format, arena);
        if (!outcome.Try(out var documents, out var fault))
        {
            arena.Dispose();
            return fault;
        }
        if (documents.Count > 0) return new SopsTree(documents, arena);
        arena.Dispose();
        return new SopsFault(SopsExit.NoDocument, "there is no document in the file");
    }

    public static SopsOutcome<LoadedFile> LoadEncrypted(ReadOnlySpan<byte> bytes, SopsFormat format, string name)
    {
        var arena = new SecretArena();
        // A binary file is JSON once it is encrypted.
        if (!Documents(bytes, format == SopsFormat.Binary ? SopsFormat.Json : format, arena)
            .Try(out var documents, out var fault))
            return fault with
            {
                Exit = format == SopsFormat.Binary ? SopsExit.Dump : SopsExit.Generic,
                Message = format != SopsFormat.Binary ? fault.Message : "the file is no encrypted binary file; for "
                    + "another format give --input-type",
            };
        var tree = new SopsTree(documents, arena);
        var found = format switch
        {
            SopsFormat.Dotenv => FlatMetadata.FromDotenv(documents),
            SopsFormat.Ini => FlatMetadata.FromIni(documents),
            _ => FromMap(documents),
        };
        if (!found.Try(out var map, out fault)) return fault with { File = name };
        if (!MetadataReader.Read(map).Try(out var metadata, out fault)) return fault with { File = name };
        return new LoadedFile(tree, metadata);
    }

    public static SopsOutcome<SecretWriter> WritePlain(SopsTree tree, SopsFormat format, SopsStyle style)
    {
        var output = new SecretWriter(4096);
        var fault = format == SopsFormat.Binary
            ? WriteBinary(tree, output) : Write(tree.Documents, format, style, output);
        if (fault is null) return output;
        output.Dispose();
        return fault;
    }

    public static SopsOutcome<SecretWriter> WriteEncrypted(
        SopsTree tree, SopsMetadata metadata, SopsFormat format, SopsStyle style)
    {
        var map = MetadataWriter.Write(metadata, rules: format != SopsFormat.Binary);
        var documents = new List<SopsValue>(tree.Documents.Count);
        foreach (var document in tree.Documents)
        {
            var items = new List<SopsItem>(document.Branch.Count + 1);
            items.AddRange(document.Branch);
            if (format == SopsFormat.Dotenv) items.AddRange(FlatMetadata.Flatten(map, DotenvPrefix));
            else items.Add(new SopsItem(MetadataName, format == SopsFormat.Ini
                ? SopsValue.OfBranch(FlatMetadata.Flatten(map, "")) : map));
            documents.Add(SopsValue.OfBranch(items));
        }
        if (format == SopsFormat.Binary) style = style with { JsonIndent = style.BinaryIndent };
        var output = new SecretWriter(4096);
        if (Write(documents, format == SopsFormat.Binary ? SopsFormat.Json : format, style, output) is not { } fault)
            return output;
        output.Dispose();
        return fault;
    }

    public static SopsOutcome<SecretWriter> WriteValue(SopsValue value, SopsFormat format, SopsStyle style)
    {
        var output = new SecretWriter();
        if (value.Kind == SopsKind.Text)
        {
            output.Write(value.Bytes.Span);
            return output;
        }
        var fault = value.Kind == SopsKind.Branch ? Write([value], format, style, output) : format switch
        {
            SopsFormat.Yaml => Yaml.YamlEmitter.WriteValue(value, style.YamlIndent, output),
            SopsFormat.Json or SopsFormat.Ini => JsonStore.WriteValue(value, style.JsonIndent, output),
            SopsFormat.Dotenv => new SopsFault(SopsExit.Dump, "a list cannot be written as dotenv"),
            _ => new SopsFault(SopsExit.Dump, "a binary file has no single values"),
        };
        if (fault is null) return output;
        output.Dispose();
        return fault;
    }

    private static SopsOutcome<List<SopsValue>> Documents(
        ReadOnlySpan<byte> bytes, SopsFormat format, SecretArena arena) => format switch
        {
            SopsFormat.Yaml => Yaml.YamlReader.Read(bytes, arena),
            SopsFormat.Json => JsonStore.Read(bytes, arena),
            SopsFormat.Dotenv => DotenvStore.Read(bytes, arena),
            _ => IniReader.Read(bytes, arena),
        };

    private static SopsFault? Write(
        List<SopsValue> documents, SopsFormat format, SopsStyle style, SecretWriter output) => format switch
        {
            SopsFormat.Yaml => Yaml.YamlEmitter.Write(documents, style.YamlIndent, output),
            SopsFormat.Json => JsonStore.Write(documents[0], style.JsonIndent, output),
            SopsFormat.Dotenv => DotenvStore.Write(documents[0], output),
            SopsFormat.Ini => IniWriter.Write(documents[0], output),
            _ => WriteBinary(new SopsTree(documents, new SecretArena()), output),
        };

    private static SopsValue Binary(ReadOnlyMemory<byte> content) =>
        SopsValue.OfBranch([new SopsItem(BinaryName, SopsValue.OfText(content))]);

    private static SopsFault? WriteBinary(SopsTree tree, SecretWriter output)
    {
        foreach (var item in tree.Documents[0].Branch)
        {
            if (item.Key != BinaryName || item.IsComment) continue;
            if (item.Value.Kind != SopsKind.Text)
                return new SopsFault(SopsExit.Dump, "the value of the key data is no text, so it is no binary file");
            output.Write(item.Value.Bytes.Span);
            return null;
        }
        return new SopsFault(SopsExit.Dump, "no binary data found: there is no key data");
    }

    /// <summary>Takes the map of metadata out of every document; that of the first counts.</summary>
    private static SopsOutcome<SopsValue> FromMap(List<SopsValue> documents)
    {
        SopsValue? map = null;
        for (var i = 0; i < documents.Count; i++)
        {
            var branch = documents[i].Branch;
            for (var at = branch.Count - 1; at >= 0; at--)
            {
                if (branch[at].IsComment || branch[at].Key != MetadataName) continue;
                if (i == 0 && map is not null)
                    return new SopsFault(SopsExit.Generic, "the sops metadata stand twice in the file");
                if (i == 0) map = branch[at].Value;
                branch.RemoveAt(at);
            }
        }
        if (map is null) return new SopsFault(SopsExit.Generic, "sops metadata not found");
        return map.Kind == SopsKind.Branch ? map
            : new SopsFault(SopsExit.Generic, "the entry sops is no map of metadata") { Line = map.Line };
    }
}
