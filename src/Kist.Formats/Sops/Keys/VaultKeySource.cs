using System.Text.Json;
using Kist.Secrets;

namespace Kist.Formats.Sops.Keys;

/// <summary>
/// Data keys encrypted by the transit engine of Vault or of Kist. The address stands in the file; the token is
/// VAULT_TOKEN, or what <c>vault login</c> left. A token of Kist (KIST_TOKEN) goes to KIST_ADDR only, because a file
/// that somebody else wrote may name any address.
/// </summary>
public sealed class VaultKeySource(KeyHost host) : ISopsKeySource, IDisposable
{
    private KeyHttp? _http;

    /// <inheritdoc/>
    public string Kind => "hc_vault";

    /// <summary>Reads <c>https://host:port/v1/ENGINE/keys/NAME</c>.</summary>
    public static SopsOutcome<VaultMasterKey> Parse(string uri, string createdAt)
    {
        var text = uri.Trim();
        if (!Uri.TryCreate(text, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https")
            || parsed.Query.Length + parsed.Fragment.Length + parsed.UserInfo.Length > 0)
            return Wrong(text);
        var parts = parsed.AbsolutePath.TrimStart('/').TrimEnd('/').Split('/');
        if (parts.Length < 4 || parts[0] != "v1" || parts[^2] is not ("keys" or "encrypt" or "decrypt")
            || parts.Any(static p => p.Length == 0 || p is "." or ".."))
            return Wrong(text);
        var address = text[..text.IndexOf("/v1/", StringComparison.Ordinal)];
        return new VaultMasterKey(address, string.Join('/', parts[1..^2]), parts[^1], createdAt);
    }

    /// <inheritdoc/>
    public ValueTask<SopsOutcome<SecretBuffer>> UnwrapAsync(MasterKey key, CancellationToken ct)
    {
        var vault = (VaultMasterKey)key;
        using var body = new SecretWriter(512);
        using (var json = new Utf8JsonWriter((System.Buffers.IBufferWriter<byte>)body))
        {
            json.WriteStartObject();
            json.WriteString("ciphertext", vault.Enc);
            json.WriteEndObject();
        }
        using var answer = Send(vault, "decrypt", body, ct, out var reason);
        if (answer is null) return Fail(reason);
        using var document = Parse(answer);
        if (Data(document, "plaintext") is not { } text || !text.TryGetBytesFromBase64(out var bytes))
            return Fail("the answer holds no plaintext in base64");
        var part = SecretBuffer.Copy(bytes);
        bytes.AsSpan().Clear();
        return ValueTask.FromResult(SopsOutcome<SecretBuffer>.Of(part));

        static ValueTask<SopsOutcome<SecretBuffer>> Fail(string reason) =>
            ValueTask.FromResult(SopsOutcome<SecretBuffer>.Failed(SopsExit.NoDataKey, reason));
    }

    /// <inheritdoc/>
    public ValueTask<SopsOutcome<MasterKey>> WrapAsync(
        MasterKey key, ReadOnlyMemory<byte> part, CancellationToken ct)
    {
        var vault = (VaultMasterKey)key;
        using var body = new SecretWriter(512);
        using (var json = new Utf8JsonWriter((System.Buffers.IBufferWriter<byte>)body))
        {
            json.WriteStartObject();
            json.WriteBase64String("plaintext", part.Span);
            json.WriteEndObject();
        }
        using var answer = Send(vault, "encrypt", body, ct, out var reason);
        using var document = answer is null ? null : Parse(answer);
        if (answer is not null && Data(document, "ciphertext") is { } text)
            return ValueTask.FromResult(SopsOutcome<MasterKey>.Of(vault with { Enc = text.GetString()! }));
        return ValueTask.FromResult(SopsOutcome<MasterKey>.Failed(SopsExit.Generic,
            $"the transit key {vault.Id} cannot be encrypted to: "
            + (answer is null ? reason : "the answer holds no ciphertext")));
    }

    /// <inheritdoc/>
    public void Dispose() => _http?.Dispose();

    /// <summary>Whether SOPS_HC_VAULT_ALLOWLIST lets a file send the user's token to that address. Addresses are
    /// compared
    /// part by part, so that no other host begins with an allowed one.</summary>
    internal static bool IsAllowed(string? list, string id)
    {
        if (list is null or "all") return true;
        if (list == "none" || !Uri.TryCreate(id, UriKind.Absolute, out var uri)) return false;
        foreach (var entry in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Uri.TryCreate(entry, UriKind.Absolute, out var allowed) || allowed.Scheme != uri.Scheme
                || !allowed.Authority.Equals(uri.Authority, StringComparison.OrdinalIgnoreCase)) continue;
            var path = allowed.AbsolutePath.TrimEnd('/');
            if (uri.AbsolutePath == path || uri.AbsolutePath.StartsWith(path + "/", StringComparison.Ordinal))
                return true;
        }
        return false;
    }

    private static SopsOutcome<VaultMasterKey> Wrong(string text) => new SopsFault(SopsExit.Generic,
        $"{text} is no address of a transit key: https://vault.example.com:8200/v1/transit/keys/NAME");

    private KeyAnswer? Send(VaultMasterKey key, string verb, SecretWriter body, CancellationToken ct, out string reason)
    {
        if (!IsAllowed(host.Value("SOPS_HC_VAULT_ALLOWLIST"), key.Id))
        {
            reason = "SOPS_HC_VAULT_ALLOWLIST does not allow this address; add it there if you trust it";
            return null;
        }
        if (!Uri.TryCreate(key.VaultAddress, UriKind.Absolute, out var address)
            || address.Scheme is not ("http" or "https") || address.AbsolutePath.Trim('/').Length > 0
            || key.EnginePath.Split('/').Append(key.KeyName).Any(static p => p.Length == 0 || p is "." or ".."))
        {
            reason = "the entry does not name a server, an engine and a key";
            return null;
        }
        if (Token(address) is not { } token)
        {
            reason = "there is no token; looked at: VAULT_TOKEN, KIST_TOKEN (where KIST_ADDR is this server), "
                + $"{host.InHome(".vault-token")}; vault login, or set VAULT_TOKEN";
            return null;
        }
        _http ??= KeyHttp.Create(host, out reason);
        reason = "the TLS settings cannot be read: VAULT_CACERT, VAULT_CLIENT_CERT, VAULT_CLIENT_KEY";
        if (_http is null) return null;
        var path = string.Join('/', key.EnginePath.Split('/').Select(Uri.EscapeDataString));
        using var request = new HttpRequestMessage(HttpMethod.Put,
            $"{address.GetLeftPart(UriPartial.Authority)}/v1/{path}/{verb}/{Uri.EscapeDataString(key.KeyName)}");
        request.Headers.TryAddWithoutValidation("X-Vault-Request", "true");
        request.Headers.TryAddWithoutValidation("X-Vault-Token", token);
        if (host.Either("NAMESPACE") is { } space) request.Headers.TryAddWithoutValidation("X-Vault-Namespace", space);
        request.Content = new ReadOnlyMemoryContent(body.WrittenMemory);
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        var answer = _http.Send(request, ct, out reason);
        if (answer is null or { Status: >= 200 and < 300 }) return answer;
        reason = Refusal(answer);
        answer.Dispose();
        return null;
    }

    private string? Token(Uri address)
    {
        if (host.Value("KIST_TOKEN") is { } own
            && Uri.TryCreate(host.Value("KIST_ADDR"), UriKind.Absolute, out var kist)
            && kist.GetLeftPart(UriPartial.Authority) == address.GetLeftPart(UriPartial.Authority)) return own;
        if (host.Value("VAULT_TOKEN") is { } token) return token;
        if (host.InHome(".vault-token") is not { } file || !File.Exists(file)) return null;
        try
        {
            return File.ReadAllText(file).Trim() is { Length: > 0 } stored ? stored : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Refusal(KeyAnswer answer)
    {
        var text = $"the server answers {answer.Status}";
        using var document = Parse(answer);
        if (document?.RootElement is { ValueKind: JsonValueKind.Object } root
            && root.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Array)
            foreach (var error in errors.EnumerateArray())
                if (error.ValueKind == JsonValueKind.String)
                    text += ": " + error.GetString()!.ReplaceLineEndings(" ").Trim();
        return answer.Status == 403 ? text + "; the token may not use this key: vault login, or ask for its policy"
            : text;
    }

    private static JsonDocument? Parse(KeyAnswer answer)
    {
        try
        {
            return JsonDocument.Parse(answer.Body.WrittenMemory);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonElement? Data(JsonDocument? document, string name) =>
        document?.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("data", out var data)
        && data.ValueKind == JsonValueKind.Object && data.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String ? value : null;
}
