namespace Kist.Client.Configuration;

/// <summary>What a configuration takes from the secrets.</summary>
public sealed class KistConfigurationOptions
{
    /// <summary>Whole secrets whose fields become settings: path of the secret, section (empty: the root).
    /// A field's <c>__</c> or <c>:</c> begins a section.</summary>
    internal List<(string Path, string Section)> Mapped { get; } = [];

    /// <summary>
    /// Whether the application may start when the secrets cannot be read: settings with references are then absent
    /// until they can. False unless set.
    /// </summary>
    public bool IsOptional { get; set; }

    /// <summary>Makes the fields of a secret settings of a section.</summary>
    public KistConfigurationOptions Map(string path, string section = "")
    {
        Mapped.Add((path, section));
        return this;
    }
}
