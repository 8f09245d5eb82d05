using System.Text.Json;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli.Environments;

/// <summary>`kist env diff`: what two environments give the same file. Never a value.</summary>
internal static class EnvironmentDiff
{
    /// <summary>The exit code of a comparison that could not be made.</summary>
    public const int Trouble = 2;

    /// <summary>Compares; gives 1 where there is a difference.</summary>
    public static int Run(Session session, string? file, string one, string other)
    {
        var problem = ResolvedFile.Read(session, file, one, out var first);
        using (first)
        {
            if (problem is not null) return session.Fail(problem with { ExitCode = Trouble });
            problem = ResolvedFile.Read(session, file, other, out var second);
            using (second)
                return problem is not null
                    ? session.Fail(problem with { ExitCode = Trouble }) : Show(session, first, second);
        }
    }

    private static int Show(Session session, ResolvedFile first, ResolvedFile second)
    {
        var lines = new List<(string Name, string State, string Note)>();
        foreach (var (name, mine) in first.Variables)
        {
            var state = State(mine, second.Variables[name], first, second, out var note);
            lines.Add((name, state, note));
        }
        lines.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        if (session.Json) PrintJson(session, lines);
        else
        {
            using var table = new Table("VARIABLE", "STATE", "NOTE");
            foreach (var (name, state, note) in lines) table.Cell(name).Cell(state).Cell(note);
            session.Screen.Show(table);
        }
        return lines.Exists(static l => l.State != "same") ? 1 : 0;
    }

    private static string State(
        ResolvedVariable mine, ResolvedVariable theirs, ResolvedFile first, ResolvedFile second, out string note)
    {
        note = "";
        if (mine.Value is null && theirs.Value is null)
        {
            note = "in neither";
            return "missing";
        }
        if (mine.Value is null || theirs.Value is null)
        {
            note = $"not in {(mine.Value is null ? first : second).Environment.Name}";
            return "missing";
        }
        if (!mine.Value.FixedTimeEquals(theirs.Value.Span)) return "different";
        if (mine.Entry.Text is not null
            && VariableGuess.Of(mine.Entry.Name, mine.Value.Span).Kind == VariableKind.Secret)
            note = "the same secret in both: what leaks from one opens the other";
        return "same";
    }

    private static void PrintJson(Session session, List<(string Name, string State, string Note)> lines)
    {
        using var text = new SecretWriter(1024);
        using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var (name, state, note) in lines)
            {
                json.WriteStartObject();
                json.WriteString("variable", name);
                json.WriteString("state", state);
                if (note.Length > 0) json.WriteString("note", note);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        session.Screen.Line(text);
    }
}
