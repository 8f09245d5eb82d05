using System.Globalization;
using System.Text;
using Kist.Cli.Age;
using Kist.Cli.Files;
using Kist.Cli.Output;
using Kist.Formats.Dotenv;
using Kist.Formats.Sops;
using Kist.Formats.Sops.Keys;
using Kist.Secrets;

namespace Kist.Cli.References;

/// <summary>
/// The values of one file, whatever it is: a <c>.env</c>, YAML, JSON or INI, in the clear, encrypted by sops or kist
/// file, or by age as a whole. Each value has a name: the keys on the way to it with <c>/</c> between them.
/// </summary>
internal sealed class SecretFile : IDisposable
{
    private readonly Dictionary<string, SecretBuffer> _values = new(StringComparer.Ordinal);
    private readonly string _path;

    private SecretFile(string path) => _path = path;

    /// <summary>Every value and its name.</summary>
    public IReadOnlyDictionary<string, SecretBuffer> Values => _values;

    /// <summary>Whether what is on the disk is encrypted.</summary>
    public bool IsEncrypted { get; private set; }

    /// <summary>Reads a file.</summary>
    public static Problem? Read(Session session, string path, out SecretFile file)
    {
        file = new SecretFile(path);
        if (FileText.Read(path, out var content) is { } unread)
        {
            content.Dispose();
            return new Problem(unread.Message, "check its name and mode");
        }
        using (content) return file.Fill(session, content.WrittenSpan, path);
    }

    /// <summary>Zeroes the values.</summary>
    public void Dispose()
    {
        foreach (var value in _values.Values) value.Dispose();
    }

    private Problem? Fill(Session session, ReadOnlySpan<byte> content, string name)
    {
        if (content.StartsWith("age-encryption.org/"u8)
            || content.TrimStart(" \t\r\n"u8).StartsWith("-----BEGIN AGE"u8))
        {
            IsEncrypted = true;
            using var keys = new AgeKeySource(new KeyHost
            {
                Environment = KeyHost.ProcessEnvironment(), Age = TerminalHost.Create(session.Screen, null),
            });
            if (!keys.Open(content).Try(out var plain, out var fault)) return Wrong(fault);
            using (plain) return FillPlain(session, plain.Span, WithoutAge(name));
        }
        return FillPlain(session, content, name);
    }

    private Problem? FillPlain(Session session, ReadOnlySpan<byte> content, string name)
    {
        var format = SopsFormats.OfPath(name);
        // .env.local, secrets.txt: a name that tells nothing.
        if (format == SopsFormat.Binary)
            format = content.TrimStart(" \t\r\n"u8).StartsWith("{"u8) ? SopsFormat.Json : SopsFormat.Dotenv;
        if (format == SopsFormat.Dotenv && content.IndexOf("sops_"u8) < 0) return FillDotenv(content);
        if (!SopsTree.Load(content, format, _path).Try(out var tree, out var fault)) return Wrong(fault);
        using (tree)
        {
            if (!tree.HasMetadata(format))
                return format == SopsFormat.Dotenv ? FillDotenv(content) : Add(tree);
        }
        IsEncrypted = true;
        var call = new FileCall(session, [_path], new Dictionary<string, IReadOnlyList<string>>
        {
            [FileFlag.InputType.Name] = [format.ToString().ToLowerInvariant()],
        });
        if (!OpenFile.Open(call, _path).Try(out var open, out fault)) return Wrong(fault);
        using (open) return open.Decrypt() is { } wrong ? Wrong(wrong) : Add(open.Tree!);
    }

    private Problem? FillDotenv(ReadOnlySpan<byte> content)
    {
        if (!DotenvFile.TryParse(content, _path, out var dotenv, out var fault))
            return new Problem(fault.Message, "correct the line");
        using (dotenv)
            foreach (var entry in dotenv.Variables) _values[entry.Name] = SecretBuffer.Copy(entry.Value.Span);
        return null;
    }

    private Problem? Add(SopsTree tree)
    {
        foreach (var document in tree.Documents) Add(document, "");
        return null;
    }

    private void Add(SopsValue value, string name)
    {
        var below = name.Length == 0 ? "" : name + "/";
        foreach (var item in value.Branch)
            if (!item.IsComment) Add(item.Value, below + item.Key);
        for (var i = 0; i < value.List.Count; i++)
            Add(value.List[i], below + i.ToString(CultureInfo.InvariantCulture));
        if (value.IsComplex || value.Kind is SopsKind.Null or SopsKind.Comment) return;
        if (_values.Remove(name, out var before)) before.Dispose();
        _values[name] = value.ToText();
    }

    private Problem Wrong(SopsFault fault) => new((fault with { File = fault.File ?? _path }).ToString(), null);

    private static string WithoutAge(string name) =>
        name.EndsWith(".age", StringComparison.Ordinal) ? name[..^4] : name;
}
