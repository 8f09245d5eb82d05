using System.Text.Json;
using System.Text.Json.Nodes;
using Kist.Testing;

namespace Kist.Contract.Tests;

/// <summary>Compares a whole answer (status, headers, body) with a recorded <c>expect</c>.</summary>
public static class AnswerCheck
{
    /// <summary>Fields of Vault's envelope: for these, absent and null are different answers.</summary>
    private static readonly string[] s_envelope =
        ["request_id", "lease_id", "renewable", "lease_duration", "data", "wrap_info", "warnings", "auth"];

    /// <summary>Decoded summaries that no copied scenario needs yet.</summary>
    private static readonly string[] s_decoders = ["x509", "csr", "crl", "sshcert", "jwt"];

    /// <summary>All differences; empty when the answer is as recorded.</summary>
    public static List<Difference> Compare(JsonObject expect, Answer answer)
    {
        var found = new List<Difference>();
        if (expect["status"] is { } status && !StatusMatches(status, answer.Status))
            return [new Difference("(status)", status.ToJsonString(), $"{answer.Status} {Shown(answer)}")];
        if (expect["headers"] is JsonObject headers) CompareHeaders(headers, answer, found);
        if (expect["text"] is { } text) CompareText(text, answer, found);
        if (expect["empty"]?.GetValueKind() == JsonValueKind.True && answer.Text.Trim().Length > 0)
            found.Add(new Difference("(body)", "an empty body", Shown(answer)));
        if (expect.TryGetPropertyValue("body", out var body)) CompareBody(body, answer, found);
        foreach (var decoder in s_decoders)
            if (expect.ContainsKey(decoder))
                found.Add(new Difference($"({decoder})", "a replayer that decodes it", "this one"));
        return found;
    }

    private static bool StatusMatches(JsonNode wanted, int status) =>
        wanted is JsonArray choices ? choices.Any(c => c!.GetValue<int>() == status) : wanted.GetValue<int>() == status;

    private static void CompareHeaders(JsonObject wanted, Answer answer, List<Difference> found)
    {
        foreach (var (name, value) in wanted)
        {
            var got = answer.Headers.GetValueOrDefault(name.ToLowerInvariant());
            if (value is not null) found.AddRange(Matcher.Compare(value, got, $"(header {name})"));
            else if (got is not null) found.Add(new Difference($"(header {name})", "(absent)", got));
        }
    }

    private static void CompareText(JsonNode wanted, Answer answer, List<Difference> found)
    {
        if (JsonText.StringOf(wanted) != "<bytes>") found.AddRange(Matcher.Compare(wanted, answer.Text, "(text)"));
        else if (answer.Body.Length == 0) found.Add(new Difference("(text)", "some bytes", "nothing"));
    }

    private static void CompareBody(JsonNode? wanted, Answer answer, List<Difference> found)
    {
        JsonNode? body;
        try
        {
            body = JsonText.Parse(answer.Body);
        }
        catch (JsonException e)
        {
            found.Add(new Difference("(body)", "JSON", $"{Shown(answer)} ({e.Message})"));
            return;
        }
        found.AddRange(Matcher.Compare(wanted, body));
        if (wanted is not JsonObject fields || body is not JsonObject got) return;
        if (answer.Status >= 400 || !fields.ContainsKey("request_id")) return;
        foreach (var name in s_envelope)
            if (!fields.ContainsKey(name) && got.TryGetPropertyValue(name, out var extra))
                found.Add(new Difference(name, "(absent)", Difference.Show(extra)));
    }

    private static string Shown(Answer answer) => Difference.Cut(answer.Text.Trim());
}
