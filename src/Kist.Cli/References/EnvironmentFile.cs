using System.Collections;
using System.Text;
using Kist.Cli.Output;
using Kist.Client.References;
using Kist.Formats.Dotenv;
using Kist.Secrets;

namespace Kist.Cli.References;

/// <summary>A variable as it stands in a <c>.env</c>, or in this process's environment.</summary>
/// <param name="Place">Where it stands, for messages: <c>.env, line 3, DATABASE_URL</c>.</param>
/// <param name="Text">Its value with the references in it; null: it holds none.</param>
/// <param name="Plain">Its value as it stands.</param>
internal sealed record EnvironmentEntry(string Name, string Place, ReferenceText? Text, SecretBuffer Plain)
{
    /// <summary>The file's name; empty for the environment of this process.</summary>
    public string File { get; init; } = "";

    /// <summary>The line; 0 for the environment of this process.</summary>
    public int Line { get; init; }
}

/// <summary>The variables of one or several <c>.env</c> files, of which the last that has a name counts.</summary>
internal sealed class EnvironmentFile : IDisposable
{
    private readonly Dictionary<string, EnvironmentEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>What is written in which order.</summary>
    public IEnumerable<EnvironmentEntry> Entries => _entries.Values;

    /// <summary>Variables that a file sets twice.</summary>
    public List<string> Repeated { get; } = [];

    /// <summary>The file that is read where none is named: <c>.env</c> here, else beside <c>.kist</c>.</summary>
    public static string? Default(ProjectConfig? config)
    {
        if (File.Exists(".env")) return ".env";
        if (config is null) return null;
        var beside = Path.GetRelativePath(Environment.CurrentDirectory, Path.Combine(config.Folder, ".env"));
        return File.Exists(beside) ? beside : null;
    }

    /// <summary>Reads a file.</summary>
    public Problem? Read(string path)
    {
        byte[] content;
        try
        {
            content = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e is FileNotFoundException or DirectoryNotFoundException
                ? new Problem($"there is no file {path}", "--env-file FILE, or a .env here")
                : new Problem($"the file {path} cannot be read", $"check its owner and mode: ls -l {path}");
        }
        if (!DotenvFile.TryParse(content, path, out var file, out var fault))
            return new Problem(fault.Message, "correct the line; kist env lint shows what else is wrong");
        using (file)
        {
            foreach (var twice in file.Duplicates)
                Repeated.Add($"{path}, line {twice.Line}: {twice.Name} is set in line {twice.FirstLine} already");
            foreach (var entry in file.Variables)
                if (Add(entry.Name, $"{path}, line {entry.Line}, {entry.Name}", entry.Value.Span, path, entry.Line)
                    is { } wrong) return wrong;
        }
        return null;
    }

    /// <summary>Takes those variables of this process that hold references.</summary>
    public void ReadProcess()
    {
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            var (name, value) = ((string)variable.Key, (string?)variable.Value);
            if (!ReferenceText.MayHold(value) || _entries.ContainsKey(name)
                || name.StartsWith("KIST_", StringComparison.Ordinal)) continue;
            // Words in which a reference only occurs (the last command, a prompt) are the shell's.
            if (!ReferenceText.TryParse(value, out var text, out _) || text.Single is null) continue;
            _entries[name] = new EnvironmentEntry(name, $"the variable {name}", text,
                SecretBuffer.Copy(Encoding.UTF8.GetBytes(value)));
        }
    }

    /// <summary>Leaves out variables.</summary>
    public void Remove(Func<string, bool> isUnwanted)
    {
        foreach (var name in _entries.Keys.Where(isUnwanted).ToList())
        {
            _entries.Remove(name, out var entry);
            entry!.Plain.Dispose();
        }
    }

    /// <summary>Leaves only variables of these names.</summary>
    /// <param name="mayBeElsewhere">Whether one that is not here is no mistake.</param>
    public Problem? Keep(IReadOnlyList<string> names, bool mayBeElsewhere)
    {
        if (names.Count == 0) return null;
        foreach (var name in names)
            if (!mayBeElsewhere && !_entries.ContainsKey(name))
                return new Problem($"no .env sets {name}, which --only names",
                    CommandLine.Meant(name, _entries.Keys) is { } meant ? $"--only {meant}" : null);
        Remove(name => !names.Contains(name));
        return null;
    }

    /// <summary>The value of an entry, the caller's to dispose; or why there is none, with what it lacks.</summary>
    /// <param name="source">Where values come from; null only where no entry holds a reference.</param>
    /// <param name="parts">Gets a copy of each secret in it, where that is not the whole value.</param>
    public static Problem? Value(
        EnvironmentEntry entry, ISecretSource? source, List<SecretBuffer> parts, out SecretBuffer? value,
        out bool missing)
    {
        (value, missing) = (null, false);
        if (entry.Text is null)
        {
            value = SecretBuffer.Copy(entry.Plain.Span);
            return null;
        }
        using var filled = new SecretWriter(256);
        foreach (var part in entry.Text.Parts)
        {
            if (part.Reference is not { } reference)
            {
                filled.Write(Encoding.UTF8.GetBytes(part.Literal!));
                continue;
            }
            var problem = source!.Find(reference, out var found, out missing);
            if (missing && reference.Default is { } otherwise)
            {
                filled.Write(Encoding.UTF8.GetBytes(otherwise));
                missing = false;
                continue;
            }
            if (problem is not null) return problem with { Message = $"{entry.Place}: {problem.Message}" };
            filled.Write(found!.Span);
            if (entry.Text.Single is null) parts.Add(found);
            else found.Dispose();
        }
        value = SecretBuffer.Copy(filled.WrittenSpan);
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var entry in _entries.Values) entry.Plain.Dispose();
    }

    private Problem? Add(string name, string place, ReadOnlySpan<byte> value, string file, int line)
    {
        ReferenceText? text = null;
        if (value.IndexOf("kist://"u8) >= 0)
        {
            if (!ReferenceText.TryParse(Encoding.UTF8.GetString(value), out text, out var fault))
                return new Problem($"{place}: this is no reference: {fault}", "kist://MOUNT/PATH#FIELD");
            if (!text.References.Any()) text = null;
        }
        if (_entries.Remove(name, out var before)) before.Plain.Dispose();
        _entries[name] = new EnvironmentEntry(name, place, text, SecretBuffer.Copy(value)) { File = file, Line = line };
        return null;
    }
}
