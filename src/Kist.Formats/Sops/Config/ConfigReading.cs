using System.Globalization;

namespace Kist.Formats.Sops.Config;

/// <summary>What the parts of a configuration file are read with.</summary>
/// <param name="File">The file's name for messages.</param>
/// <param name="Now">The time that stands in entries of new keys.</param>
/// <param name="Warnings">Names that mean nothing, by file and line.</param>
internal sealed record ConfigReading(string File, DateTimeOffset Now, List<string> Warnings)
{
    public SopsFault Wrong(ConfigNode node, string reason) =>
        new(SopsExit.Generic, reason) { File = File, Line = node.Line };

    /// <summary>A whole number, written as such or as text.</summary>
    public bool TryNumber(ConfigNode node, string name, int missing, out int number,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out SopsFault? fault)
    {
        (number, fault) = (missing, null);
        if (node.Find(name) is not { } value) return true;
        if (int.TryParse(value.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number))
            return true;
        fault = Wrong(value, $"{name} is a whole number");
        return false;
    }

    /// <summary>True or false; false where it is missing.</summary>
    public bool TryBoolean(ConfigNode node, string name, out bool value,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out SopsFault? fault)
    {
        (value, fault) = (false, null);
        if (node.Find(name) is not { } found) return true;
        value = found.Text is "true" or "True" or "TRUE";
        if (value || found.Text is "false" or "False" or "FALSE") return true;
        fault = Wrong(found, $"{name} is true or false");
        return false;
    }

    /// <summary>Remembers the names that nothing reads: most are misspelt.</summary>
    public void WarnOfOthers(ConfigNode node, string what, IReadOnlyCollection<string> known)
    {
        foreach (var (name, value) in node.Entries ?? [])
            if (!known.Contains(name)) Warnings.Add($"{File}:{value.Line}: {what} knows no {name}; it is passed over");
    }
}
