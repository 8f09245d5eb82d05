using System.Text;
using System.Text.RegularExpressions;
using Kist.Cli.Output;
using Kist.Formats.Dotenv;
using Kist.Scan;

namespace Kist.Cli.Environments;

/// <summary>`kist env example`: the keys of a <c>.env</c> without their values, to be committed.</summary>
internal static partial class EnvironmentExample
{
    /// <summary>Writes it, or adds to one that is there what it lacks.</summary>
    /// <param name="output">The file; <c>-</c> for standard output.</param>
    public static int Run(Session session, string file, string output, bool anew)
    {
        if (Read(file, out var content, out var dotenv) is { } unread) return session.Fail(unread);
        using (dotenv)
        {
            if (output == "-")
            {
                session.Screen.Write(Encoding.UTF8.GetBytes(Whole(content, dotenv)));
                return 0;
            }
            try
            {
                if (anew || !File.Exists(output))
                {
                    Write(output, Whole(content, dotenv));
                    return Done(session, output, dotenv.Variables.Select(static v => v.Name).ToList());
                }
                return Add(session, dotenv, output);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return session.Fail(new Problem($"{output} cannot be written: {e.Message.TrimEnd('.')}"));
            }
        }
    }

    /// <summary>Reads a <c>.env</c>.</summary>
    public static Problem? Read(string file, out byte[] content, out DotenvFile dotenv)
    {
        (content, dotenv) = ([], null!);
        try
        {
            content = File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Problem(File.Exists(file) ? $"the file {file} cannot be read" : $"there is no file {file}",
                "name another one, or check its mode");
        }
        return DotenvFile.TryParse(content, file, out dotenv!, out var fault)
            ? null : new Problem(fault.Message, "correct the line");
    }

    // Comments and empty lines say what a key is for; nothing that was a value stays.
    private static string Whole(byte[] content, DotenvFile dotenv)
    {
        var text = new StringBuilder();
        var at = 0;
        foreach (var entry in dotenv.Entries)
        {
            var (start, length) = entry.Text.GetOffsetAndLength(content.Length);
            Between(content.AsSpan(at, start - at), text);
            if (ReferenceEquals(dotenv.Find(entry.Name), entry)) text.Append(Line(entry));
            at = start + length;
            while (at < content.Length && content[at] is (byte)'\r' or (byte)'\n')
                if (content[at++] == (byte)'\n') break;
        }
        Between(content.AsSpan(at), text);
        return text.ToString();
    }

    private static string Line(DotenvEntry entry) => $"{(entry.Exported ? "export " : "")}{entry.Name}=\n";

    private static void Between(ReadOnlySpan<byte> bytes, StringBuilder text)
    {
        var lines = Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF').Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var clean = lines[i].TrimEnd('\r', ' ', '\t');
            // What stands behind the last line break is the beginning of the next variable's line, or nothing.
            if (clean.Length == 0 && i < lines.Length - 1 && text.Length > 0) text.Append('\n');
            if (clean.Length == 0) continue;
            // A variable that is commented out has a value too.
            if (Assignment().Match(clean) is { Success: true } assignment) clean = assignment.Groups[1].Value;
            else if (HoldsSecret(clean)) continue;
            text.Append(clean).Append('\n');
        }
    }

    private static bool HoldsSecret(string line)
    {
        var findings = new List<Finding>();
        new Scanner(new ScanSettings { HonorsAllowComments = false }).Scan(
            Encoding.UTF8.GetBytes(line), new PieceInfo { Path = ".env" }, findings);
        return findings.Count > 0;
    }

    private static int Add(Session session, DotenvFile dotenv, string output)
    {
        if (Read(output, out var content, out var before) is { } unread) return session.Fail(unread);
        using (before)
        {
            var missing = dotenv.Variables.Where(v => before.Find(v.Name) is null).ToList();
            if (missing.Count > 0)
            {
                var text = new StringBuilder(Encoding.UTF8.GetString(content));
                if (text.Length > 0 && text[^1] != '\n') text.Append('\n');
                foreach (var entry in missing) text.Append(Line(entry));
                Write(output, text.ToString());
            }
            return Done(session, output, missing.ConvertAll(static v => v.Name));
        }
    }

    private static int Done(Session session, string output, List<string> names)
    {
        if (session.Json) return session.PrintNames(names, "");
        session.Screen.Remark(names.Count == 0 ? $"{output} has every key already"
            : $"Wrote {names.Count} {(names.Count == 1 ? "key" : "keys")} to {output}");
        return 0;
    }

    private static void Write(string output, string text)
    {
        using var file = new ReplacedFile(output);
        file.Write(Encoding.UTF8.GetBytes(text));
        file.Commit();
        if (text.Length == 0) File.WriteAllBytes(output, []);
    }

    [GeneratedRegex(@"^(\s*#\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_.-]*\s*=).*$")]
    private static partial Regex Assignment();
}
