using System.Text;
using Kist.Scan.Matching;

namespace Kist.Scan;

/// <summary>What names of settings and variables say about their values.</summary>
public static class SecretNames
{
    /// <summary>Whether a setting of this name holds a secret as a rule: <c>DB_PASSWORD</c>, <c>apiToken</c>.</summary>
    public static bool Suggest(string name) =>
        Names.Read(Encoding.UTF8.GetBytes(name), []) is not NameKind.None;
}
