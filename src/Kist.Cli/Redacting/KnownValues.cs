using System.Text;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Cli.References;
using Kist.Client.References;
using Kist.Secrets;

namespace Kist.Cli.Redacting;

/// <summary>The values that a person named: of secrets, of references, of files, of lists.</summary>
/// <param name="environment">The environment in which secrets and references are looked up; null: the default.</param>
internal sealed class KnownValues(Session session, string? environment) : IDisposable
{
    private readonly List<SecretBuffer> _values = [];
    private ISecretSource? _source;

    /// <summary>The values, for <see cref="SecretPatterns"/>.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> All
    {
        get
        {
            foreach (var value in _values) yield return value.Memory;
        }
    }

    /// <summary>The fields of a secret, or what a text with references becomes.</summary>
    public Problem? AddSecret(string path)
    {
        if (Open() is { } closed) return closed;
        if (ReferenceText.MayHold(path)) return AddText(path, path);
        if (_source!.Fields(path, out var fields) is { } unread) return unread;
        foreach (var field in fields) Add(field.Value.Span);
        return null;
    }

    /// <summary>Every value of a file; of references what they lead to.</summary>
    public Problem? AddFile(string path)
    {
        var problem = SecretFile.Read(session, path, out var file);
        using (file)
        {
            if (problem is not null) return problem;
            foreach (var (name, value) in file.Values)
            {
                if (value.Span.IndexOf("kist://"u8) < 0) Add(value.Span);
                else if (AddText($"{path}, {name}", Encoding.UTF8.GetString(value.Span)) is { } wrong) return wrong;
            }
        }
        return null;
    }

    /// <summary>Each line of a file.</summary>
    public Problem? AddLines(string path)
    {
        using var text = new SecretWriter(4096);
        if (FieldArguments.ReadFile(path, text) is { } problem) return problem;
        foreach (var range in text.WrittenSpan.Split((byte)'\n')) Add(text.WrittenSpan[range].TrimEnd((byte)'\r'));
        return null;
    }

    /// <summary>Zeroes the values.</summary>
    public void Dispose()
    {
        foreach (var value in _values) value.Dispose();
        _source?.Dispose();
    }

    private Problem? Open()
    {
        if (_source is not null) return null;
        if (ProjectConfig.Load(out var config) is { } broken) return broken;
        if (ProjectConfig.Find(config, environment, out var found) is { } unknown) return unknown;
        return SecretSources.Open(session, found, out _source);
    }

    private Problem? AddText(string place, string written)
    {
        if (Open() is { } closed) return closed;
        if (!ReferenceText.TryParse(written, out var text, out var fault))
            return new Problem($"{place}: this is no reference: {fault}", "kist://MOUNT/PATH#FIELD");
        var parts = new List<SecretBuffer>();
        var entry = new EnvironmentEntry(place, place, text, SecretBuffer.Rent(0));
        var problem = EnvironmentFile.Value(entry, _source, parts, out var value, out _);
        foreach (var part in parts) Take(part);
        if (value is not null) Take(value);
        return problem;
    }

    private void Take(SecretBuffer value)
    {
        using (value) Add(value.Span);
    }

    // Settings stand beside secrets: to mask `true` or 8080 would garble every output and hide nothing.
    private void Add(ReadOnlySpan<byte> value)
    {
        if (SecretField.MayBeMasked(value)) _values.Add(SecretBuffer.Copy(value));
    }
}
