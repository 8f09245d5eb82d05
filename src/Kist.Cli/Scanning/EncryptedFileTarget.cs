using System.Text.Json;
using Kist.Cli.Files;
using Kist.Cli.Output;
using Kist.Formats.Sops;
using Kist.Secrets;

namespace Kist.Cli.Scanning;

/// <summary>An encrypted file that is there already: values become names at its top, others keep their
/// ciphertext.</summary>
internal sealed class EncryptedFileTarget(Session session, string path) : IFixTarget
{
    private readonly Dictionary<string, SecretBuffer> _values = new(StringComparer.Ordinal);
    private readonly List<string> _added = [];
    private OpenFile? _file;

    public string Name => path;
    public string RunWith => $"kist file exec-env {path} -- COMMAND";

    public Problem? Open()
    {
        var call = new FileCall(session, [path], new Dictionary<string, IReadOnlyList<string>>());
        if (!OpenFile.Open(call, path).Try(out _file, out var fault)) return Problem(fault);
        if (_file.Decrypt() is { } wrong) return Problem(wrong);
        if (!_file.Tree!.ToVariables().Try(out var variables, out fault)) return Problem(fault);
        foreach (var (name, value) in variables)
            if (!_values.TryAdd(name, value)) value.Dispose();
        return null;
    }

    public bool IsStore(string file) => Path.GetFullPath(file) == Path.GetFullPath(path);

    public string Add(string name, ReadOnlySpan<byte> value)
    {
        var free = name;
        for (var number = 2; _values.TryGetValue(free, out var taken); number++)
        {
            if (taken.FixedTimeEquals(value)) return free;
            free = $"{name}_{number}";
        }
        _values[free] = SecretBuffer.Copy(value);
        _added.Add(free);
        return free;
    }

    public Problem? Save()
    {
        foreach (var name in _added)
        {
            if (!TreePath.Parse($"[\"{name}\"]").Try(out var place, out var fault)) return Problem(fault);
            using var json = new SecretWriter(256);
            using (var writer = new Utf8JsonWriter(json)) writer.WriteStringValue(_values[name].Span);
            if (_file!.Tree!.Set(place, json.WrittenSpan).Fault is { } unset) return Problem(unset);
        }
        if (!_file!.Encrypt().Try(out var bytes, out var wrong)) return Problem(wrong);
        return FileText.Write(path, bytes) is { } unwritten ? Problem(unwritten) : null;
    }

    public void Dispose()
    {
        foreach (var value in _values.Values) value.Dispose();
        _file?.Dispose();
    }

    private Problem Problem(SopsFault fault) => new(
        (fault with { File = fault.File ?? path }).ToString(), $"kist file status {path}", ScanRun.Incomplete);
}
