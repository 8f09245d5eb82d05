using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kist.Testing;

namespace Kist.Contract.Tests;

/// <summary>Plays one recorded scenario against a server: set-up, steps, and in any case the clean-up.</summary>
public sealed class Replayer(HttpClient http, Uri address)
{
    private const string PathMarks = "/?&=%:+,~@!$'()*;-._[]";
    private static readonly TimeSpan s_answerLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_pollPause = TimeSpan.FromMilliseconds(250);

    /// <summary>Every step that went differently, as text; empty when the scenario passed.</summary>
    public async Task<List<string>> PlayAsync(JsonObject scenario, string rootToken)
    {
        var variables = new Variables();
        variables.Set("root", rootToken);
        variables.Set("addr", address.GetLeftPart(UriPartial.Authority));
        try
        {
            var failures = await SetUpAsync(scenario, variables);
            return failures.Count > 0 ? failures : await PlayStepsAsync(Steps(scenario, "steps"), variables);
        }
        finally
        {
            await CleanUpAsync(scenario, variables);
        }
    }

    private async Task<List<string>> SetUpAsync(JsonObject scenario, Variables variables)
    {
        var steps = Steps(scenario, "setup");
        for (var i = 0; i < steps.Count; i++)
        {
            var found = await PlayStepAsync(steps[i], variables, isSetup: true);
            if (found.Count > 0 && i == 0) // left-overs of a scenario that was cut short: clean up and try once more
            {
                await CleanUpAsync(scenario, variables);
                found = await PlayStepAsync(steps[i], variables, isSetup: true);
            }
            if (found.Count > 0) return [Report($"setup {i}", steps[i], found)];
        }
        return [];
    }

    private async Task<List<string>> PlayStepsAsync(List<JsonObject> steps, Variables variables)
    {
        var failures = new List<string>();
        for (var i = 0; i < steps.Count; i++)
        {
            var found = await PlayStepAsync(steps[i], variables, isSetup: false);
            if (found.Count > 0) failures.Add(Report($"step {i}", steps[i], found));
        }
        return failures;
    }

    private async Task CleanUpAsync(JsonObject scenario, Variables variables)
    {
        foreach (var step in Steps(scenario, "cleanup")) await SendAsync(step, variables);
    }

    /// <summary>Sends a step, again and again while its <c>retry</c> seconds last and it differs.</summary>
    private async Task<List<Difference>> PlayStepAsync(JsonObject step, Variables variables, bool isSetup)
    {
        await Task.Delay(Seconds(step, "wait"));
        var deadline = DateTime.UtcNow + Seconds(step, "retry");
        while (true)
        {
            var answer = await SendAsync(step, variables);
            if (answer.Status == 0) return [new Difference("(connection)", "an answer", answer.Text)];
            var found = Check(step, answer, variables, isSetup);
            if (found.Count > 0 && DateTime.UtcNow < deadline)
            {
                await Task.Delay(s_pollPause);
                continue;
            }
            if (answer.Status < 400 || found.Count == 0) Save(step, answer, variables, found);
            return found;
        }
    }

    private static List<Difference> Check(JsonObject step, Answer answer, Variables variables, bool isSetup)
    {
        if (step["expect"] is JsonObject expect)
            return AnswerCheck.Compare(variables.InExpectation(expect)!.AsObject(), answer);
        // Without an expectation a set-up step only has to succeed; so has a step.
        var what = isSetup ? "success of a set-up step" : "success";
        return answer.Status < 400
            ? []
            : [new Difference("(status)", what, $"{answer.Status} {Difference.Cut(answer.Text.Trim())}")];
    }

    private static void Save(JsonObject step, Answer answer, Variables variables, List<Difference> found)
    {
        if (step["save"] is not JsonObject saves) return;
        var wasFine = found.Count == 0;
        foreach (var (name, how) in saves)
        {
            try
            {
                variables.Set(name, variables.Extract(JsonText.Parse(answer.Body), how));
            }
            catch (Exception e) when (e is JsonException or FormatException)
            {
                if (wasFine) found.Add(new Difference($"(save {name})", Difference.Show(how), answer.Text));
            }
        }
    }

    /// <summary>The answer; status 0 when there was none.</summary>
    private async Task<Answer> SendAsync(JsonObject step, Variables variables)
    {
        using var request = Request(step, variables);
        using var timer = new CancellationTokenSource(s_answerLimit);
        try
        {
            using var response = await http.SendAsync(request, timer.Token);
            return await Answer.ReadAsync(response);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            var text = $"{e.GetType().Name}: {e.Message} {e.InnerException?.Message}";
            return new Answer(0, new Dictionary<string, string>(), Encoding.UTF8.GetBytes(text));
        }
    }

    private HttpRequestMessage Request(JsonObject step, Variables variables)
    {
        var path = QuotePath(variables.Text(step["path"]!.GetValue<string>()));
        var exact = new Uri(address.GetLeftPart(UriPartial.Authority) + path,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var request = new HttpRequestMessage(new HttpMethod(step["method"]!.GetValue<string>()), exact);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["X-Vault-Request"] = "true" };
        if (step["raw"] is { } raw)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(variables.Text(raw.GetValue<string>())));
        }
        else if (step.TryGetPropertyValue("body", out var body))
        {
            var text = variables.InRequest(body)?.ToJsonString() ?? "null";
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
            headers["Content-Type"] = "application/json";
        }
        var token = step["token"]?.GetValue<string>() ?? "root";
        if (token != "none") headers["X-Vault-Token"] = variables.Text(token == "root" ? "$root" : token);
        if (step["headers"] is JsonObject more) Merge(headers, variables.InRequest(more)!.AsObject());
        foreach (var (name, value) in headers)
            if (!request.Headers.TryAddWithoutValidation(name, value))
                (request.Content ??= new ByteArrayContent([])).Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    private static void Merge(Dictionary<string, string> headers, JsonObject more)
    {
        foreach (var (name, value) in more)
        {
            headers.Remove(name);
            if (value is not null) headers[name] = JsonText.StringOf(value) ?? value.ToJsonString();
        }
    }

    /// <summary>Percent-encodes what may not stand in a request line and leaves the rest as recorded.</summary>
    public static string QuotePath(string path)
    {
        var quoted = new StringBuilder();
        foreach (var each in Encoding.UTF8.GetBytes(path))
        {
            if (char.IsAsciiLetterOrDigit((char)each) || PathMarks.Contains((char)each)) quoted.Append((char)each);
            else quoted.Append(CultureInfo.InvariantCulture, $"%{each:X2}");
        }
        return quoted.ToString();
    }

    private static TimeSpan Seconds(JsonObject step, string name) =>
        TimeSpan.FromSeconds(step[name]?.GetValue<double>() ?? 0);

    private static List<JsonObject> Steps(JsonObject scenario, string phase) =>
        scenario[phase] is JsonArray steps ? [.. steps.Select(s => s!.AsObject())] : [];

    private static string Report(string where, JsonObject step, List<Difference> found) =>
        $"{where} {step["method"]} {step["path"]}\n    " + string.Join("\n    ", found);
}
