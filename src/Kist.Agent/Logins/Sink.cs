using System.Text;
using System.Text.Json;
using Kist.Agent.Configuration;
using Kist.Agent.Link;
using Kist.Secrets;

namespace Kist.Agent.Logins;

/// <summary>Writes each new token to a file, bare or wrapped.</summary>
internal sealed class Sink(SinkConfig config, ServerLink link, AgentLog log)
{
    /// <summary>Writes the token; what fails is logged, and the next token is written again.</summary>
    public async Task WriteAsync(string token)
    {
        try
        {
            var content = config.WrapTtl > TimeSpan.Zero ? await WrapAsync(token) : Encoding.UTF8.GetBytes(token);
            if (content is null) return;
            WrittenFile.Write(config.Path, content, config.Mode);
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(content);
            log.Info($"wrote the token to {config.Path}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Error($"the token cannot be written to {config.Path}: {e.Message}");
        }
    }

    // What Vault Agent writes: the wrapping token with its times, as JSON.
    private async Task<byte[]?> WrapAsync(string token)
    {
        using var body = new SecretWriter(256);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("token", token);
            json.WriteEndObject();
        }
        using var reply = await link.AskAsync(new Question(HttpMethod.Post, "sys/wrapping/wrap", token, body)
        {
            WrapTtl = $"{config.WrapTtl.TotalSeconds:0}s",
        }, CancellationToken.None);
        var wrapped = reply.Root.Get("wrap_info");
        if (wrapped.ValueKind == JsonValueKind.Object) return Encoding.UTF8.GetBytes(wrapped.GetRawText());
        log.Error($"the token for {config.Path} cannot be wrapped: {reply.Explanation}");
        return null;
    }
}
