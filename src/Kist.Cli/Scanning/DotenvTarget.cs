using Kist.Cli.Output;
using Kist.Formats.Dotenv;
using Kist.Scan.Sources;
using Kist.Secrets;

namespace Kist.Cli.Scanning;

/// <summary>The file <c>.env</c> at the top of the repository, which git must ignore.</summary>
internal sealed class DotenvTarget(string root) : IFixTarget
{
    private readonly string _file = Path.Combine(root, ".env");
    private readonly SecretWriter _text = new(1024);
    private readonly Dictionary<string, SecretBuffer> _values = new(StringComparer.Ordinal);
    private DotenvFile? _before;

    public string Name => ".env";
    public string RunWith => "(set -a; . ./.env; exec COMMAND)";

    public Problem? Open()
    {
        if (!File.Exists(_file)) return null;
        var content = File.ReadAllBytes(_file);
        if (!DotenvFile.TryParse(content, ".env", out _before, out var fault)) return new Problem(fault.Message);
        foreach (var entry in _before.Variables) _values[entry.Name] = SecretBuffer.Copy(entry.Value.Span);
        _text.Write(content);
        if (content.Length > 0 && content[^1] != (byte)'\n') _text.Write("\n"u8);
        return null;
    }

    public bool IsStore(string path)
    {
        var name = Path.GetFileName(path);
        return name == ".env" || name.StartsWith(".env.", StringComparison.Ordinal);
    }

    public string Add(string name, ReadOnlySpan<byte> value)
    {
        var free = name;
        for (var number = 2; _values.TryGetValue(free, out var taken); number++)
        {
            if (taken.FixedTimeEquals(value)) return free;
            free = $"{name}_{number}";
        }
        _values[free] = SecretBuffer.Copy(value);
        DotenvFile.TryWrite(free, value, _text);
        return free;
    }

    public Problem? Save()
    {
        if (Repository.Holds(root))
        {
            var repository = Repository.Open(root);
            if (repository.Tracked(".env").Count > 0)
                return new Problem(".env is committed: values in it are no better off than where they are",
                    "git rm --cached .env, then kist scan --fix");
            // Before the first value is written: nothing may be added by mistake in between.
            if (!repository.Ignores(".env")) Ignore();
        }
        using var file = new ReplacedFile(_file);
        file.Write(_text.WrittenSpan);
        file.Commit();
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return null;
    }

    public void Dispose()
    {
        _before?.Dispose();
        foreach (var value in _values.Values) value.Dispose();
        _text.Dispose();
    }

    private void Ignore()
    {
        var ignores = Path.Combine(root, ".gitignore");
        var before = File.Exists(ignores) ? File.ReadAllText(ignores) : "";
        using var file = new ReplacedFile(ignores);
        file.Write(System.Text.Encoding.UTF8.GetBytes(
            before + (before.Length > 0 && before[^1] != '\n' ? "\n" : "") + ".env\n"));
        file.Commit();
    }
}
