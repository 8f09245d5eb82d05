using System.Text;
using System.Text.Json;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Cli.References;
using Kist.Client.References;
using Kist.Formats.Dotenv;
using Kist.Secrets;

namespace Kist.Cli.Environments;

/// <summary>What `kist env import` is asked to do.</summary>
internal sealed record ImportRequest(string File, string Path)
{
    public string? Environment { get; init; }
    public string[] Secrets { get; init; } = [];
    public string[] Settings { get; init; } = [];
    public bool Yes { get; init; }
    public bool IsDry { get; init; }
    public bool Overwrites { get; init; }
    public bool KeepsFile { get; init; }
}

/// <summary>
/// `kist env import`: the secrets of a <c>.env</c> go to a store, and references stand in their place. First the store,
/// then the file: whatever fails in between, no value is lost.
/// </summary>
internal static class EnvironmentImport
{
    /// <summary>A variable and what was decided about it.</summary>
    private sealed record Decision(DotenvEntry Entry, VariableGuess Guess, bool IsSecret);

    public static int Run(Session session, ImportRequest request)
    {
        if (ProjectConfig.Load(out var config) is { } broken) return session.Fail(broken);
        if (ProjectConfig.Find(config, request.Environment, out var environment) is { } unknown)
            return session.Fail(unknown);
        if (EnvironmentExample.Read(request.File, out var content, out var dotenv) is { } unread)
            return session.Fail(unread);
        using (dotenv)
        {
            foreach (var name in request.Secrets.Concat(request.Settings))
                if (dotenv.Find(name) is null)
                    return session.Fail(new Problem($"{request.File} does not set {name}"));
            if (Decide(session, request, dotenv, out var decisions) is { } undecided) return session.Fail(undecided);
            var secrets = decisions.Where(static d => d.IsSecret).Select(static d => d.Entry).ToList();
            if (!request.IsDry && secrets.Count > 0)
            {
                if (EnvironmentStore.Save(session, environment, request.Path, secrets, request.Overwrites)
                    is { } failed) return session.Fail(failed);
                if (!request.KeepsFile && Rewrite(request, content, dotenv, secrets) is { } unwritten)
                    return session.Fail(unwritten);
            }
            return Report(session, request, decisions, secrets.Count);
        }
    }

    private static Problem? Decide(
        Session session, ImportRequest request, DotenvFile dotenv, out List<Decision> decisions)
    {
        decisions = [];
        var open = dotenv.Variables.Select(entry => (entry, VariableGuess.Of(entry.Name, entry.Value.Span)))
            .Where(static one => one.Item2.Kind != VariableKind.Reference).ToList();
        var asks = !request.Yes && !request.IsDry && open.Exists(one => !IsDecided(request, one.entry.Name));
        if (asks && !Prompt.CanAsk)
            return new Problem("each variable needs a decision: is it a secret or a setting?",
                "--dry-run shows what kist thinks, --yes agrees, --secret NAME and --setting NAME decide");
        foreach (var (entry, guess) in open)
        {
            bool? decided = request.Secrets.Contains(entry.Name) ? true
                : request.Settings.Contains(entry.Name) ? false : null;
            if (decided is null && asks)
            {
                var answer = Prompt.Choose(session.Screen, $"{entry.Name}: {Word(guess)}, because {guess.Why}. "
                    + "Enter agrees; s: secret, c: configuration, q: stop", "scq");
                if (answer == 'q') return new Problem("stopped, nothing was done", null, 130);
                decided = answer switch { 's' => true, 'c' => false, _ => null };
            }
            decisions.Add(new Decision(entry, guess, decided ?? guess.Kind == VariableKind.Secret));
        }
        return null;
    }

    private static bool IsDecided(ImportRequest request, string name) =>
        request.Secrets.Contains(name) || request.Settings.Contains(name);

    private static Problem? Rewrite(
        ImportRequest request, byte[] content, DotenvFile dotenv, List<DotenvEntry> secrets)
    {
        using var text = new SecretWriter(content.Length + 256);
        var at = 0;
        foreach (var entry in dotenv.Entries)
        {
            var isSecret = secrets.Exists(s => s.Name == entry.Name);
            if (!isSecret) continue;
            var (start, length) = entry.Text.GetOffsetAndLength(content.Length);
            text.Write(content.AsSpan(at, start - at));
            // Also the values that a later line overrides: they must not stay behind.
            var reference = new KistReference(request.Path.Trim('/'), entry.Name);
            text.Write(Encoding.UTF8.GetBytes($"{(entry.Exported ? "export " : "")}{entry.Name}={reference}"));
            at = start + length;
        }
        text.Write(content.AsSpan(at));
        try
        {
            using var file = new ReplacedFile(request.File);
            file.Write(text.WrittenSpan);
            file.Commit();
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Problem($"the secrets are saved, but {request.File} cannot be written: "
                + e.Message.TrimEnd('.'), "check its mode, then the same again with --overwrite");
        }
    }

    private static int Report(Session session, ImportRequest request, List<Decision> decisions, int secrets)
    {
        if (session.Json)
        {
            using var text = new SecretWriter(1024);
            using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true }))
            {
                json.WriteStartArray();
                foreach (var (entry, guess, isSecret) in decisions)
                {
                    json.WriteStartObject();
                    json.WriteString("variable", entry.Name);
                    json.WriteString("kind", isSecret ? "secret" : "setting");
                    json.WriteString("why", Why(guess, isSecret));
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
            session.Screen.Line(text);
            return 0;
        }
        using var table = new Table("VARIABLE", "IS A", "BECAUSE");
        foreach (var (entry, guess, isSecret) in decisions)
            table.Cell(entry.Name).Cell(isSecret ? "secret" : "setting").Cell(Why(guess, isSecret));
        session.Screen.Show(table);
        session.Screen.Remark(secrets == 0 ? "\nNo secret: nothing was saved"
            : request.IsDry ? $"\nWould save {secrets} in {request.Path}, and leave references in {request.File}"
            : $"\nSaved {secrets} in {request.Path}"
                + (request.KeepsFile ? "" : $"; references stand in {request.File} in their place"));
        return 0;
    }

    private static string Why(VariableGuess guess, bool isSecret) =>
        (guess.Kind == VariableKind.Secret) == isSecret ? guess.Why : "you say so";

    private static string Word(VariableGuess guess) => guess.Kind == VariableKind.Secret ? "a secret" : "a setting";
}
