namespace Kist.Formats.Sops.Keys;

/// <summary>What signs requests to AWS.</summary>
internal sealed record AwsCredentials(string AccessKeyId, string SecretKey, string? SessionToken)
{
    /// <inheritdoc/>
    public override string ToString() => AccessKeyId;
}

/// <summary>
/// A profile of the shared files of AWS (<c>~/.aws/credentials</c>, <c>~/.aws/config</c>): names and values of one
/// section, those of the credentials file first.
/// </summary>
internal sealed class AwsProfiles
{
    private readonly Dictionary<string, Dictionary<string, string>> _profiles = new(StringComparer.Ordinal);
    private readonly List<string> _places = [];

    /// <summary>Which files were looked at.</summary>
    public IReadOnlyList<string> Places => _places;

    /// <summary>Reads the files that are there.</summary>
    public static AwsProfiles Read(KeyHost host)
    {
        var profiles = new AwsProfiles();
        profiles.Add(host.Value("AWS_SHARED_CREDENTIALS_FILE") ?? host.InHome(".aws", "credentials"), "");
        profiles.Add(host.Value("AWS_CONFIG_FILE") ?? host.InHome(".aws", "config"), "profile ");
        return profiles;
    }

    /// <summary>A setting of a profile; null where there is none.</summary>
    public string? Find(string profile, string name) =>
        _profiles.TryGetValue(profile, out var settings) && settings.TryGetValue(name, out var value)
        && value.Length > 0 ? value : null;

    /// <summary>Whether there is such a profile.</summary>
    public bool Has(string profile) => _profiles.ContainsKey(profile);

    private void Add(string? file, string prefix)
    {
        if (file is null) return;
        string[] lines;
        try
        {
            lines = File.ReadAllLines(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _places.Add(File.Exists(file) ? $"{file} (cannot be read)" : $"{file} (not there)");
            return;
        }
        _places.Add(file);
        Dictionary<string, string>? section = null;
        foreach (var line in lines)
        {
            var text = line.Trim();
            if (text.Length == 0 || text[0] is '#' or ';') continue;
            if (text[0] == '[')
            {
                section = null;
                var end = text.IndexOf(']', StringComparison.Ordinal);
                var name = end < 0 ? "" : text[1..end].Trim();
                if (name != "default" && prefix.Length > 0)
                    name = name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..].Trim() : "";
                if (name.Length > 0 && !_profiles.TryGetValue(name, out section))
                    _profiles[name] = section = new(StringComparer.Ordinal);
            }
            // Indented lines belong to a nested setting, such as those of s3.
            else if (section is not null && !char.IsWhiteSpace(line[0]) && text.IndexOf('=') is > 0 and var at)
                section.TryAdd(text[..at].Trim().ToLowerInvariant(), text[(at + 1)..].Trim());
        }
    }
}
