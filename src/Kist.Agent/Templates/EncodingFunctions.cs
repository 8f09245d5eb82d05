using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Kist.Agent.Templates;

/// <summary>Functions that encode, decode and hash.</summary>
internal static class EncodingFunctions
{
    public static void AddTo(Dictionary<string, Func<FunctionCall, object?>> all)
    {
        all["base64Encode"] = static c => Convert.ToBase64String(Bytes(c));
        all["base64Decode"] = static c => Decoded(c.Takes(1), c.Text(0));
        all["base64URLEncode"] = static c =>
            Convert.ToBase64String(Bytes(c)).Replace('+', '-').Replace('/', '_');
        all["base64URLDecode"] = static c => Decoded(c.Takes(1), c.Text(0).Replace('-', '+').Replace('_', '/'));
        all["sha256Hex"] = static c => Convert.ToHexStringLower(SHA256.HashData(Bytes(c)));
        all["hmacSHA256Hex"] = static c => Convert.ToHexStringLower(HMACSHA256.HashData(
            Encoding.UTF8.GetBytes(c.Takes(2).Text(1)), Encoding.UTF8.GetBytes(c.Text(0))));
        // MD5 names things in old files; it protects nothing here.
        all["md5sum"] = static c => Convert.ToHexStringLower(
            CryptographicOperations.HashData(HashAlgorithmName.MD5, Bytes(c)));
        all["toJSON"] = static c => DataText.Json(c.Takes(1)[0], indented: false, escapesHtml: true);
        all["toJSONPretty"] = static c => DataText.Json(c.Takes(1)[0], indented: true, escapesHtml: true);
        all["toUnescapedJSON"] = static c => DataText.Json(c.Takes(1)[0], indented: false, escapesHtml: false);
        all["toUnescapedJSONPretty"] = static c => DataText.Json(c.Takes(1)[0], indented: true, escapesHtml: false);
        all["toYAML"] = static c => DataText.Yaml(c.Takes(1)[0]);
        all["toTOML"] = static c => DataText.Toml(c.Takes(1).Map(0));
        all["parseJSON"] = static c => ParseJson(c.Takes(1).Text(0));
        all["parseYAML"] = static c => YamlReader.Parse(c.Takes(1).Text(0));
    }

    private static byte[] Bytes(FunctionCall call) => Encoding.UTF8.GetBytes(call.Takes(1).Text(0));

    private static string Decoded(FunctionCall call, string text)
    {
        var clean = text.Trim();
        if (clean.Length % 4 is 2 or 3) clean = clean.PadRight(clean.Length + 4 - clean.Length % 4, '=');
        if (!Base64.IsValid(clean)) throw new TemplateFault($"{call.Name}: the text is not base64");
        return Encoding.UTF8.GetString(Convert.FromBase64String(clean));
    }

    private static object? ParseJson(string text)
    {
        if (text.Length == 0) return new TemplateMap();
        try
        {
            using var document = JsonDocument.Parse(text);
            return TemplateValue.Of(document.RootElement, asFloat: true);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            throw new TemplateFault("parseJSON: the text is not JSON");
        }
    }
}
