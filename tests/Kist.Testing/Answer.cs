using System.Text;
using System.Text.Json.Nodes;

namespace Kist.Testing;

/// <summary>A whole HTTP answer.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Headers">All headers by lower-case name; of several with one name the last.</param>
/// <param name="Body">The body's bytes.</param>
public sealed record Answer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>The body as text.</summary>
    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>The body as JSON.</summary>
    /// <exception cref="System.Text.Json.JsonException">It is no JSON.</exception>
    public JsonNode? Json => JsonNode.Parse(Body);

    /// <summary>Reads the answer to its end.</summary>
    public static async Task<Answer> ReadAsync(HttpResponseMessage response)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
            headers[name.ToLowerInvariant()] = values.Last();
        return new Answer((int)response.StatusCode, headers, await response.Content.ReadAsByteArrayAsync());
    }
}
