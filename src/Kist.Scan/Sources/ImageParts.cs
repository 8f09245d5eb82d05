using System.Text;
using System.Text.Json;

namespace Kist.Scan.Sources;

/// <summary>
/// The small JSON files of a container image (<c>docker save</c> and OCI layout), which name its layers and hold its
/// environment, labels, build arguments and history.
/// </summary>
internal sealed class ImageParts
{
    private const int MaxBytes = 1 << 20;
    private readonly HashSet<string> _present = new(StringComparer.Ordinal);
    private readonly HashSet<string> _wanted = new(StringComparer.Ordinal);

    /// <summary>Whether the entry of an archive may be one; notes each layer that is there.</summary>
    public bool IsPart(string name, long length)
    {
        if (name.StartsWith("blobs/", StringComparison.Ordinal)
            || name.EndsWith("/layer.tar", StringComparison.Ordinal))
            _present.Add(name);
        return length <= MaxBytes
            && (name.StartsWith("blobs/sha256/", StringComparison.Ordinal) || name == "manifest.json"
                || IsOldConfig(name));
    }

    /// <summary>Whether a file on disk may be the configuration of an image in a folder of OCI layout.</summary>
    public static bool IsConfigOfLayout(string path, ReadOnlySpan<byte> content) =>
        content is [(byte)'{', ..] && !path.Contains('!') && path.Contains("blobs/sha256/", StringComparison.Ordinal);

    /// <summary>Takes one in. The text in which its values stand one a line; null when it is none.</summary>
    public byte[]? Add(string name, ReadOnlyMemory<byte> json)
    {
        if (json.Span.IndexOfAnyExcept(" \t\r\n"u8) is var first && (first < 0
            || json.Span[first] is not (0x7B or 0x5B)))
            return null;
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (name == "manifest.json" && root.ValueKind == JsonValueKind.Array)
                foreach (var image in root.EnumerateArray()) Want(image, "Layers");
            if (root.ValueKind != JsonValueKind.Object) return null;
            if (root.TryGetProperty("layers", out var layers) && layers.ValueKind == JsonValueKind.Array)
                foreach (var layer in layers.EnumerateArray()) WantDigest(layer);
            return IsConfig(root) ? Lines(root) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A layer that the image names and does not have; null when it is whole.</summary>
    public string? Missing()
    {
        foreach (var wanted in _wanted)
            if (!_present.Contains(wanted)) return wanted;
        return null;
    }

    private static bool IsOldConfig(string name) =>
        name.Length == 69 && name.EndsWith(".json", StringComparison.Ordinal) && !name.Contains('/');

    private static bool IsConfig(JsonElement root) =>
        root.TryGetProperty("config", out _) || root.TryGetProperty("history", out _)
        || root.TryGetProperty("container_config", out _);

    private void Want(JsonElement image, string member)
    {
        if (!image.TryGetProperty(member, out var layers)) return;
        foreach (var layer in layers.EnumerateArray())
            if (layer.GetString() is { } name) _wanted.Add(name);
    }

    private void WantDigest(JsonElement layer)
    {
        // A "foreign" layer lies elsewhere by intent (Windows base images).
        if (layer.ValueKind == JsonValueKind.Object && !layer.TryGetProperty("urls", out _)
            && layer.TryGetProperty("digest", out var digest) && digest.GetString() is { } text)
            _wanted.Add("blobs/" + text.Replace(':', '/'));
    }

    // As a Dockerfile would have them, so that rules see names beside values, and escapes are undone.
    private static byte[] Lines(JsonElement root)
    {
        var text = new StringBuilder();
        foreach (var part in (ReadOnlySpan<string>)["config", "container_config"])
            if (root.TryGetProperty(part, out var config) && config.ValueKind == JsonValueKind.Object)
                AddConfig(text, config);
        if (root.TryGetProperty("history", out var history) && history.ValueKind == JsonValueKind.Array)
            foreach (var step in history.EnumerateArray())
                foreach (var member in step.EnumerateObject())
                    if (member.Value.ValueKind == JsonValueKind.String && member.Name is "created_by" or "comment")
                        text.Append(member.Value.GetString()).Append('\n');
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void AddConfig(StringBuilder text, JsonElement config)
    {
        foreach (var member in config.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Object && member.Name == "Labels")
                foreach (var label in member.Value.EnumerateObject())
                    text.Append("LABEL ").Append(label.Name).Append('=').Append(label.Value.ToString()).Append('\n');
            if (member.Value.ValueKind != JsonValueKind.Array) continue;
            var keyword = member.Name is "Env" ? "ENV " : member.Name is "Cmd" or "Entrypoint" or "OnBuild" ? "" : null;
            if (keyword is null) continue;
            foreach (var value in member.Value.EnumerateArray())
                text.Append(keyword).Append(value.ToString()).Append('\n');
            // Healthchecks are objects, and are seen in the history.
        }
    }
}
