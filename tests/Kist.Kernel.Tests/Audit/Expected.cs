using System.Text.RegularExpressions;

namespace Kist.Kernel.Tests.Audit;

/// <summary>
/// Expected lines as people can read them: <c>'</c> stands for a quote, <c>&lt;x&gt;</c> for the keyed hash of x, and
/// the names in capitals for what most lines share.
/// </summary>
internal static partial class Expected
{
    private const string RootAuth = "{'client_token':'TOKEN','accessor':'ACCESSOR','display_name':'token',"
        + "'policies':['root'],'token_policies':['root'],'token_type':'service',"
        + "'token_issue_time':'2026-11-23T18:23:53Z'}";

    private const string TokenFields =
        "'client_token':'TOKEN','client_token_accessor':'ACCESSOR','namespace':{'id':'root'}";

    public static string Text(string template)
    {
        var text = template.Replace("ROOT", RootAuth).Replace("FIELDS", TokenFields)
            .Replace("NOBODY", "{'token_type':'default'}").Replace("TIME", "2026-11-23T18:23:56.0064401Z")
            .Replace("TOKEN", $"<{Scene.Token}>").Replace("ACCESSOR", "<rootaccessor>")
            .Replace("ID", Scene.Id.ToString());
        return Hashed().Replace(text, match => Scene.Hash(match.Groups[1].Value)).Replace('\'', '"');
    }

    [GeneratedRegex("<([^>]*)>", RegexOptions.Singleline)]
    private static partial Regex Hashed();
}
