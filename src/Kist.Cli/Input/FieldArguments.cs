using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli.Input;

/// <summary>
/// The fields of a secret as the command line words them: <c>name=value</c>, <c>name=-</c> (asked for, or
/// standard input), <c>name=@file</c> (its exact bytes), <c>name=\-</c> and <c>name=\@x</c> (that text itself),
/// or one <c>-</c> or <c>@file.json</c> for a whole JSON object.
/// </summary>
internal static class FieldArguments
{
    /// <summary>Writes the fields as one JSON object. Values given literally are warned about.</summary>
    /// <param name="warnAboutLiterals">False where fields are parameters rather than secrets.</param>
    public static Problem? Write(
        Screen screen, IReadOnlyList<string> arguments, bool warnAboutLiterals, SecretWriter to)
    {
        if (arguments.Count == 1 && arguments[0] == "-") return WholeObject(null, to);
        if (arguments.Count == 1 && arguments[0].StartsWith('@')) return WholeObject(arguments[0][1..], to);
        var literals = new List<string>();
        var problem = Fields(screen, arguments, literals, to);
        if (problem is null && warnAboutLiterals && literals.Count > 0)
            screen.Warn($"the value of {string.Join(", ", literals)} stands on the command line, where shell history "
                + $"and ps keep it; {literals[0]}=- asks for it, {literals[0]}=@FILE reads it");
        return problem;
    }

    private static Problem? Fields(
        Screen screen, IReadOnlyList<string> arguments, List<string> literals, SecretWriter to)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var inputTaken = false;
        using var writer = new Utf8JsonWriter(to);
        writer.WriteStartObject();
        for (var i = 0; i < arguments.Count; i++)
        {
            var at = arguments[i].IndexOf('=');
            if (at <= 0)
                return new Problem($"field {i + 1} is not NAME=VALUE",
                    "NAME=- asks for the value, NAME=@FILE reads it from a file");
            var (name, value) = (arguments[i][..at], arguments[i][(at + 1)..]);
            if (name.StartsWith('-'))
                return new Problem($"there is no option {name}",
                    "a field whose name starts with - goes into a JSON object: put PATH -");
            if (!names.Add(name)) return new Problem($"the field {name} is given twice");
            if (value == "-" && !Prompt.CanAsk && inputTaken)
                return new Problem($"standard input is taken already, so {name}=- has nothing to read",
                    $"{name}=@FILE");
            inputTaken |= value == "-";
            if (Value(screen, name, value, literals, writer) is { } problem) return problem;
        }
        writer.WriteEndObject();
        return null;
    }

    private static Problem? Value(
        Screen screen, string name, string value, List<string> literals, Utf8JsonWriter writer)
    {
        if (value == "-")
        {
            var problem = Prompt.Secret(screen, name, out var asked);
            using (asked) return problem ?? Member(name, asked, writer);
        }
        if (value.StartsWith('@'))
        {
            using var read = new SecretWriter(4096);
            return ReadFile(value[1..], read) ?? Member(name, read, writer);
        }
        if (value.Length > 0) literals.Add(name);
        writer.WriteString(name, value is ['\\', '-' or '@', ..] ? value[1..] : value);
        return null;
    }

    private static Problem? Member(string name, SecretWriter value, Utf8JsonWriter writer)
    {
        if (!Utf8.IsValid(value.WrittenSpan))
            return new Problem($"the value of {name} is not UTF-8 text, and a secret's fields are text",
                $"base64 FILE | kist put … {name}=-");
        writer.WriteString(name, value.WrittenSpan);
        return null;
    }

    private static Problem? WholeObject(string? file, SecretWriter to)
    {
        using var text = new SecretWriter(4096);
        var name = file ?? "standard input";
        var problem = file is null ? Prompt.ReadAll(text) : ReadFile(file, text);
        if (problem is not null) return problem;
        try
        {
            using var document = JsonDocument.Parse(text.WrittenMemory);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return new Problem($"{name} holds JSON, but not an object", "{\"name\": \"value\", …}");
            to.Write(text.WrittenSpan);
            return null;
        }
        catch (JsonException e)
        {
            return new Problem(
                $"{name} is not JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine})",
                "{\"name\": \"value\", …}");
        }
    }

    /// <summary>Reads a file of at most 1 MiB.</summary>
    public static Problem? ReadFile(string path, SecretWriter to)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            return Prompt.ReadAll(file, to, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new Problem($"the file {path} cannot be read", "check its name and mode");
        }
    }
}
