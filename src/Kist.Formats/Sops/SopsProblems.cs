namespace Kist.Formats.Sops;

/// <summary>What can be seen to be wrong with an encrypted file without any key.</summary>
public static class SopsProblems
{
    /// <summary>Values that must be encrypted and stand in clear, and a MAC that is missing.</summary>
    public static IEnumerable<SopsFault> Problems(this SopsFile file)
    {
        if (file.Metadata.Mac.Length == 0)
            yield return new SopsFault(SopsExit.MacMismatch,
                "there is no MAC, so nothing tells whether it was changed");
        var rules = file.Metadata.Rules;
        // What comments decide can only be told from comments in clear.
        if (rules.ByComment) yield break;
        foreach (var document in file.Tree.Documents)
            foreach (var path in InClear(document, "", rules.EncryptsAtRoot, rules))
                yield return new SopsFault(SopsExit.DecryptTree,
                    "stands in clear, and the file's rules say that it is to be "
                    + "encrypted") { Key = path };
    }

    private static IEnumerable<string> InClear(SopsValue value, string path, bool encrypts, SopsRules rules)
    {
        foreach (var item in value.Branch)
        {
            if (item.IsComment) continue;
            foreach (var found in InClear(item.Value, $"{path}[\"{item.Key}\"]", rules.Encrypts(item.Key, encrypts),
                rules))
                yield return found;
        }
        for (var i = 0; i < value.List.Count; i++)
            foreach (var found in InClear(value.List[i], $"{path}[{i}]", encrypts, rules)) yield return found;
        var isValue = value.Kind is not (SopsKind.Null or SopsKind.List or SopsKind.Branch or SopsKind.Comment);
        // An empty text is never encrypted.
        if (encrypts && isValue && !(value.Kind == SopsKind.Text && (value.Bytes.IsEmpty
            || value.Bytes.Span.StartsWith("ENC[AES256_GCM,"u8)))) yield return path;
    }
}
