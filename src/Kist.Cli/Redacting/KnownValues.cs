using Kist.Cli.Client;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Cli.References;
using Kist.Secrets;

namespace Kist.Cli.Redacting;

/// <summary>The values that a person named: of secrets, of files, of lists.</summary>
internal sealed class KnownValues : IDisposable
{
    private readonly List<SecretBuffer> _values = [];

    /// <summary>The values, for <see cref="SecretPatterns"/>.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> All
    {
        get
        {
            foreach (var value in _values) yield return value.Memory;
        }
    }

    /// <summary>The fields of a secret.</summary>
    public Problem? AddSecret(Session session, string path)
    {
        if (Mount.FindSecret(session, path, out var mount) is { } problem) return problem;
        using var answer = GetCommand.Read(session, mount, null, out var unread);
        if (unread is not null) return unread;
        foreach (var field in GetCommand.Fields(answer, mount).EnumerateObject())
        {
            using var value = new SecretWriter(256);
            JsonText.WriteValue(field.Value, value);
            Add(value.WrittenSpan);
        }
        return null;
    }

    /// <summary>Every value of a file.</summary>
    public Problem? AddFile(Session session, string path)
    {
        var problem = SecretFile.Read(session, path, out var file);
        using (file)
        {
            if (problem is not null) return problem;
            foreach (var value in file.Values.Values) Add(value.Span);
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
    }

    // Settings stand beside secrets: to mask `true` or 8080 would garble every output and hide nothing.
    private void Add(ReadOnlySpan<byte> value)
    {
        if (value.Length < Redactor.MinLength || value is [(byte)'t', (byte)'r', (byte)'u', (byte)'e']
            || value.SequenceEqual("false"u8) || value.SequenceEqual("null"u8)
            || (value.Length < 6 && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9'))) return;
        _values.Add(SecretBuffer.Copy(value));
    }
}
