using System.CommandLine;
using Kist.Cli.Client;
using Kist.Cli.Output;
using Kist.Cli.References;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>What one command works with: its screen, and a connection that is made when first needed.</summary>
internal sealed class Session : IDisposable
{
    private readonly ParseResult _parsed;
    private readonly ProjectEnvironment? _place;
    private KistClient? _client;

    private Session(ParseResult parsed, ProjectEnvironment? place = null)
    {
        _parsed = parsed;
        _place = place;
        Whole = !parsed.GetValue(Globals.Json) && (parsed.GetValue(Globals.Whole)
            || (Variable("KIST_FORMAT") ?? Variable("VAULT_FORMAT")) == "json");
        Json = Whole || parsed.GetValue(Globals.Json);
        Screen = Screen.OfProcess(
            parsed.GetValue(Globals.NoColour), parsed.GetValue(Globals.Quiet), Json);
    }

    public Screen Screen { get; }

    /// <summary>Whether answers are printed as JSON.</summary>
    public bool Json { get; }

    /// <summary>Whether the JSON is the API's whole answer rather than its data (<c>--whole</c>).</summary>
    public bool Whole { get; }

    /// <summary>Runs a command's body with a session of its own.</summary>
    public static int Run(ParseResult parsed, Func<Session, int> body)
    {
        using var session = new Session(parsed);
        return body(session);
    }

    /// <summary>Where the server is; a problem when options or variables make no sense.</summary>
    public Problem? Settings(out Settings settings) => Client.Settings.Resolve(
        new Settings.Options(
            _parsed.GetValue(Globals.Address) ?? _place?.Address,
            _parsed.GetValue(Globals.TokenFile) ?? _place?.TokenFile,
            _parsed.GetValue(Globals.CaCert) ?? _place?.CaCertificate,
            _parsed.GetValue(Globals.Namespace) ?? _place?.Namespace, _parsed.GetValue(Globals.SkipVerify),
            _parsed.GetValue(Globals.Timeout)),
        Environment.GetEnvironmentVariable, out settings);

    /// <summary>The server as an agent reaches it; it brings a token of its own.</summary>
    public Problem? AgentServer(out Kist.Agent.Link.LinkSettings? server)
    {
        server = null;
        var options = new Settings.Options(_parsed.GetValue(Globals.Address), null, _parsed.GetValue(Globals.CaCert),
            _parsed.GetValue(Globals.Namespace), _parsed.GetValue(Globals.SkipVerify),
            _parsed.GetValue(Globals.Timeout));
        // It is the agent: whom it asks is the server. And a broken token of the caller's is none of its business.
        if (Client.Settings.Resolve(options, static name => name.EndsWith("_AGENT_ADDR", StringComparison.Ordinal)
            ? null : name.EndsWith("TOKEN", StringComparison.Ordinal)
                ? "none" : Environment.GetEnvironmentVariable(name), out var settings) is { } wrong) return wrong;
        server = new Kist.Agent.Link.LinkSettings
        {
            Address = settings.Socket is { } socket
                ? Kist.Agent.Link.LinkSettings.OfSocket(socket) : settings.Address,
            Namespace = settings.Namespace, CaFile = settings.CaCertificate,
            SkipVerify = settings.SkipVerify, Timeout = settings.Timeout,
        };
        return null;
    }

    /// <summary>The same person and screen at the server of an environment, unless options name another.</summary>
    public Session At(ProjectEnvironment place) => new(_parsed, place);

    /// <summary>What `--address` says; null: nothing.</summary>
    public string? NamedAddress => _parsed.GetValue(Globals.Address);

    /// <summary>Follows events; see <see cref="KistClient.Follow"/>.</summary>
    public Answer Follow(string path, Action<byte[], int> take) => Connect() is { } wrong
        ? Answer.None(wrong) : _client!.Follow(new Request(HttpMethod.Get, path), take);

    /// <summary>Sends a request; see <see cref="KistClient.Send"/>.</summary>
    public Answer Send(Request request) =>
        Connect() is { } wrong ? Answer.None(wrong) : _client!.Send(request);

    /// <summary>Fetches a file; see <see cref="KistClient.Download"/>.</summary>
    public Answer Download(string path, Stream target) => Connect() is { } wrong
        ? Answer.None(wrong)
        : _client!.Download(new Request(HttpMethod.Get, path), source => new ProgressStream(source, Screen), target);

    /// <summary>Sends a file; see <see cref="KistClient.Upload"/>.</summary>
    public Answer Upload(string path, Stream source) =>
        Connect() is { } wrong ? Answer.None(wrong) : _client!.Upload(new Request(HttpMethod.Post, path), source);

    private Problem? Connect()
    {
        if (_client is not null) return null;
        if (Settings(out var settings) is { } wrong) return wrong;
        if (KistClient.ReadAuthorities(settings, out var authorities) is { } unread) return unread;
        if (settings.SkipVerify && settings.Address.Scheme == "https")
            Screen.Warn("the server's certificate is not checked (--skip-verify)");
        _client = new KistClient(settings, authorities);
        return null;
    }

    /// <summary>Sends a request with an optional body.</summary>
    public Answer Send(HttpMethod method, string path, SecretWriter? body = null) =>
        Send(new Request(method, path, body));

    /// <summary>Shows the problem and gives the exit code.</summary>
    public int Fail(Problem problem) => Screen.Show(problem);

    /// <summary>Warnings that came with an answer go to standard error.</summary>
    public void ShowWarnings(Answer answer)
    {
        foreach (var warning in answer.Root.Member("warnings").Strings()) Screen.Warn(warning);
    }

    /// <summary>Prints the answer's data as JSON; an empty object when there is none.</summary>
    public int PrintJson(Answer answer) => PrintJson(Whole ? answer.Root : answer.Data);

    /// <summary>Prints a JSON value; an empty object when it is undefined.</summary>
    public int PrintJson(System.Text.Json.JsonElement value)
    {
        using var text = new SecretWriter(1024);
        if (value.ValueKind is System.Text.Json.JsonValueKind.Undefined) text.Write("{}\n"u8);
        else JsonText.WriteIndented(value, text);
        Screen.Write(text.WrittenSpan);
        return 0;
    }

    /// <summary>
    /// The end of most commands: a refusal is shown, <c>--json</c> prints the data, and otherwise
    /// <paramref name="people"/> prints for people.
    /// </summary>
    public int Finish(Answer answer, Action people)
    {
        if (answer.Problem is { } problem) return Fail(problem);
        ShowWarnings(answer);
        if (Json) return PrintJson(answer);
        people();
        return 0;
    }

    /// <summary>Sends a request and finishes with one remark.</summary>
    public int Do(HttpMethod method, string path, SecretWriter? body, string done)
    {
        using var answer = Send(method, path, body);
        return Finish(answer, () => Screen.Remark(done));
    }

    /// <summary>
    /// Prints the names of a list. The API answers 404 for an empty one; that is no mistake, and
    /// <paramref name="none"/> is the remark for people.
    /// </summary>
    public int PrintNames(Answer answer, string none)
    {
        if (answer.Status == 404 && answer.Data.Member("keys").ValueKind == System.Text.Json.JsonValueKind.Undefined)
            return PrintNames([], none);
        if (answer.Problem is { } problem) return Fail(problem);
        ShowWarnings(answer);
        return Json && !Whole ? PrintJson(answer) : PrintNames(answer.Data.Member("keys").Strings(), none);
    }

    /// <summary>Prints names, one a line; with <c>--json</c> as <c>{"keys": […]}</c>.</summary>
    public int PrintNames(List<string> names, string none)
    {
        if (Json)
        {
            using var text = new SecretWriter(1024);
            using (var writer = new System.Text.Json.Utf8JsonWriter(text))
            {
                if (!Whole)
                {
                    writer.WriteStartObject();
                    writer.WritePropertyName("keys");
                }
                writer.WriteStartArray();
                foreach (var name in names) writer.WriteStringValue(name);
                writer.WriteEndArray();
                if (!Whole) writer.WriteEndObject();
            }
            using var document = System.Text.Json.JsonDocument.Parse(text.WrittenMemory);
            return PrintJson(document.RootElement);
        }
        foreach (var name in names) Screen.Line(name);
        if (names.Count == 0) Screen.Remark(none);
        return 0;
    }

    /// <summary>
    /// What the server deletes without asking whether it is there: <paramref name="missing"/> when a look says it is
    /// not. Whoever may not look is left to the server.
    /// </summary>
    public Problem? Look(string path, string? member, Problem missing)
    {
        using var answer = Send(HttpMethod.Get, path);
        if (answer.Status == 404) return missing;
        if (answer.Problem is { } problem) return answer.Status == 403 ? null : problem;
        return member is not null && answer.Data.Member(member).ValueKind == System.Text.Json.JsonValueKind.Undefined
            ? missing
            : null;
    }

    /// <summary>Prints the answer's data as a table of names and values.</summary>
    /// <param name="missing">What a 404 means here; null: what the path says.</param>
    public int PrintMembers(Answer answer, Problem? missing = null) => answer.Status == 404 && missing is not null
        ? Fail(missing)
        : Finish(answer, () =>
    {
        if (answer.Data.ValueKind != System.Text.Json.JsonValueKind.Object) return;
        using var table = new Table("KEY", "VALUE");
        Screen.Show(table.Members(answer.Data));
    });

    /// <summary>One field of an answer, bare: exactly its bytes, and with <c>--json</c> as JSON.</summary>
    public int PrintField(System.Text.Json.JsonElement data, string field)
    {
        var value = data.Member(field);
        if (value.ValueKind == System.Text.Json.JsonValueKind.Undefined)
            return Fail(new Problem($"the answer has no field {field}", "the same without --field shows them"));
        if (Json) return PrintJson(value);
        using var text = new SecretWriter(256);
        JsonText.WriteValue(value, text);
        Screen.WriteRaw(text.WrittenSpan);
        return 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _client?.Dispose();

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? text : null;
}
