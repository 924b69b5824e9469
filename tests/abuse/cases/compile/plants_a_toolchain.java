// attack: brings class files, settings of the launcher, a module and a library of its own
// expect: ok | compile_error
// stdout: ^(honest)?$
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) { System.out.println("honest"); }
}
//--- Main.class
not a class
//--- java/lang/String.java
package java.lang; public class String { }
//--- java/lang/System.class
not a class
//--- META-INF/MANIFEST.MF
Launcher-Agent-Class: Evil
//--- META-INF/services/com.sun.source.util.Plugin
Evil
//--- .hotspotrc
-XX:OnError=id
-XX:+ShowMessageBoxOnError
//--- .hotspot_compiler
exclude Main main
//--- main.args
-version
//--- jdk/internal/Evil.java
package jdk.internal; class Evil { static { System.exit(9); } }
