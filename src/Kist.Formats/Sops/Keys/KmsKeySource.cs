using System.Buffers;
using System.Text.Json;
using Kist.Secrets;

namespace Kist.Formats.Sops.Keys;

/// <summary>Data keys encrypted by AWS KMS.</summary>
public sealed class KmsKeySource : ISopsKeySource, IDisposable
{
    private readonly KeyHttp _http = KeyHttp.Create();
    private readonly AwsLogin _login;

    /// <summary>A source that takes credentials from <paramref name="host"/>.</summary>
    public KmsKeySource(KeyHost host) => _login = new AwsLogin(host, _http);

    /// <inheritdoc/>
    public string Kind => "kms";

    /// <summary>Reads <c>ARN</c> or <c>ARN+ROLE</c>.</summary>
    public static SopsOutcome<KmsMasterKey> Parse(string text, IReadOnlyList<KeyValuePair<string, string>> context,
        string profile, string createdAt)
    {
        var trimmed = text.Replace(" ", "", StringComparison.Ordinal);
        var role = trimmed.IndexOf("+arn:", StringComparison.Ordinal);
        var arn = role > 0 ? trimmed[..role] : trimmed;
        return Region(arn) is null
            ? new SopsFault(SopsExit.Generic,
                $"{arn} is no key of AWS KMS: arn:aws:kms:REGION:ACCOUNT:key/ID, or …:alias/NAME")
            : new KmsMasterKey(arn, role > 0 ? trimmed[(role + 1)..] : "", context, profile, createdAt);
    }

    /// <inheritdoc/>
    public ValueTask<SopsOutcome<SecretBuffer>> UnwrapAsync(MasterKey key, CancellationToken ct)
    {
        var kms = (KmsMasterKey)key;
        using var body = Body(kms, json => json.WriteString("CiphertextBlob", kms.Enc));
        using var answer = Send(kms, "Decrypt", body, ct, out var reason);
        if (answer is null) return Fail(reason);
        if (Member(answer, "Plaintext") is not { } bytes) return Fail("the answer of KMS holds no plaintext");
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
        var kms = (KmsMasterKey)key;
        using var body = Body(kms, json => json.WriteBase64String("Plaintext", part.Span));
        using var answer = Send(kms, "Encrypt", body, ct, out var reason);
        var bytes = answer is null ? null : Member(answer, "CiphertextBlob");
        return ValueTask.FromResult(bytes is null
            ? SopsOutcome<MasterKey>.Failed(SopsExit.Generic, $"the KMS key {kms.Id} cannot be encrypted to: "
                + (answer is null ? reason : "the answer of KMS holds no ciphertext"))
            : SopsOutcome<MasterKey>.Of(kms with { Enc = Convert.ToBase64String(bytes) }));
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string? Region(string arn) =>
        arn.Split(':', 6) is ["arn", var partition, "kms", var region, var account, var resource]
        && partition.StartsWith("aws", StringComparison.Ordinal) && region.Length > 0 && account.All(char.IsAsciiDigit)
        && (resource.StartsWith("key/", StringComparison.Ordinal)
            || resource.StartsWith("alias/", StringComparison.Ordinal)) ? region : null;

    private static SecretWriter Body(KmsMasterKey key, Action<Utf8JsonWriter> write)
    {
        var body = new SecretWriter(512);
        using var json = new Utf8JsonWriter((IBufferWriter<byte>)body);
        json.WriteStartObject();
        write(json);
        if (key.Context.Count > 0)
        {
            json.WriteStartObject("EncryptionContext");
            foreach (var (name, value) in key.Context) json.WriteString(name, value);
            json.WriteEndObject();
        }
        json.WriteString("KeyId", key.Arn);
        json.WriteEndObject();
        return body;
    }

    private KeyAnswer? Send(KmsMasterKey key, string verb, SecretWriter body, CancellationToken ct, out string reason)
    {
        reason = "the entry holds no ARN of a key of AWS KMS";
        if (Region(key.Arn) is not { } region) return null;
        if (_login.Endpoint("kms", region, out reason) is not { } endpoint) return null;
        if (_login.Find(key.AwsProfile, key.Role, region, ct, out reason) is not { } credentials) return null;
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint);
        const string type = "application/x-amz-json-1.1";
        AwsSignature.Sign(request, body.WrittenSpan, credentials, region, "kms", TimeProvider.System.GetUtcNow(),
            ("content-type", type), ("x-amz-target", "TrentService." + verb));
        request.Content = new ReadOnlyMemoryContent(body.WrittenMemory);
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        var answer = _http.Send(request, ct, out reason);
        if (answer is null or { Status: 200 }) return answer;
        reason = $"KMS answers {answer.Status}{Refusal(answer)} to {credentials.AccessKeyId}; the credentials need "
            + $"kms:{verb} on this key";
        answer.Dispose();
        return null;
    }

    private static string Refusal(KeyAnswer answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.Body.WrittenMemory);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("__type", out var type) && type.ValueKind == JsonValueKind.String
                ? $" ({type.GetString()!.Split('#')[^1]})" : "";
        }
        catch (JsonException)
        {
            return "";
        }
    }

    private static byte[]? Member(KeyAnswer answer, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.Body.WrittenMemory);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                && value.TryGetBytesFromBase64(out var bytes) ? bytes : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
